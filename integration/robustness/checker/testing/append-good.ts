/** Histories of lists for which an order exists, though some of them hide it. */
export const goodAppends: Readonly<Record<string, readonly string[]>> = {
  "nothing at all": [],
  "one append and its read": ["[0, 10] x+1", "[20, 30] x=1"],
  "a list that grows step by step": ["[0, 10] x= x+1", "[20, 30] x=1 x+2 x=1.2", "[40, 50] x=1.2"],
  "an order that is not that of the invocations": ["[0, 50] x+1", "[10, 60] x+2", "[70, 80] x=2.1"],
  "a read that overlaps the append it does not see": ["[0, 20] x+1", "[10, 30] x="],
  "a read that sees an append before it has returned": ["[0, 90] x+1", "[10, 20] x=1"],
  "calls of which one begins as another returns": ["[0, 10] x=1", "[10, 20] x+1"],
  "two readers of lists that nobody has read together": ["[0, 90] x+1", "[0, 90] y+1", "[0, 90] x=1 y="],
  "an append of unknown outcome that happens long after": ["[0, 10]? x+1", "[20, 30] x=", "[40, 50] x=1"],
  "an append of unknown outcome that never happens": ["[0, 10]? x+1", "[20, 30] x="],
  "an unknown transaction whose reads could not have been, and that nobody has seen": [
    "[0, 10]? x=7 x+1",
    "[20, 30] x=",
  ],
  "an unknown transaction that only another unknown one has seen": [
    "[0, 10]? x= x+1",
    "[20, 30]? x=1 x+2",
    "[40, 50] x=1.2",
  ],
  "a refused append that nobody sees": ["[0, 10]! x+1", "[20, 30] x= x+2", "[40, 50] x=2"],
  "appends that nobody has read yet": ["[0, 10] x+1", "[0, 10] x+2", "[5, 15] x="],
  "two appends of one transaction, read together": ["[0, 10] x+1 x+2", "[20, 30] x=1.2"],
  "two appends of one transaction, read by itself between them": ["[0, 10] x+1 x=1 x+2 x=1.2"],
  "a snapshot of two lists between two transactions": [
    "[0, 10] x+1 y+1",
    "[20, 90] x+2 y+2",
    "[30, 40] x=1 y=1",
    "[50, 60] x=1.2 y=1.2",
  ],
  "who reads one list and appends to another": ["[0, 90] x= y+1", "[0, 90] y=1 x+1", "[0, 90] x=1 y=1"],
};
