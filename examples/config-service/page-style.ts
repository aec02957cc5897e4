/** How the page looks: system fonts, two colour schemes, one column that fits a phone. */
export const pageStyle = `
:root {
  color-scheme: light dark;
  --text: light-dark(#1c2128, #e6e9ee);
  --quiet: light-dark(#5b6572, #9aa5b3);
  --page: light-dark(#f5f6f8, #14171c);
  --card: light-dark(#ffffff, #1d2127);
  --line: light-dark(#dde1e7, #333a44);
  --accent: light-dark(#1657c4, #86b2ff);
  --on-accent: light-dark(#ffffff, #0d1420);
  --good: light-dark(#12693a, #6fd19a);
  --good-back: light-dark(#e1f4e8, #153022);
  --bad: light-dark(#a3201f, #ff9d94);
  --bad-back: light-dark(#fce9e7, #3a1b1a);
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 46rem;
  font: 1rem/1.5 system-ui, sans-serif; color: var(--text); background: var(--page);
}
header { display: flex; align-items: baseline; justify-content: space-between; gap: 1rem; }
h1 { margin: 0; font-size: 1.6rem; letter-spacing: -0.01em; }
h2 { margin: 2.25rem 0 0.75rem; font-size: 1.05rem; }
p { margin: 0.25rem 0 0; }
code, .value, input { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 0.95rem; }
.quiet { color: var(--quiet); }
#connection::before {
  content: ""; display: inline-block; width: 0.55em; height: 0.55em; margin-right: 0.45em; border-radius: 50%;
  background: var(--quiet);
}
#connection { font-size: 0.9rem; color: var(--quiet); white-space: nowrap; }
#connection.live::before { background: var(--good); }
#connection.lost::before { background: var(--bad); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 0.6rem; overflow: hidden; }
.notice { margin-top: 1.25rem; padding: 0.7rem 1rem; border-radius: 0.6rem; background: var(--bad-back); color: var(--bad); }
.setting { display: grid; grid-template-columns: 8rem 1fr auto; gap: 0.35rem 1rem; align-items: center; padding: 0.8rem 1rem; }
.setting + .setting { border-top: 1px solid var(--line); }
.setting label { font-weight: 600; }
.setting .served { grid-column: 2 / -1; font-size: 0.85rem; color: var(--quiet); }
.setting .error { grid-column: 2 / -1; color: var(--bad); font-size: 0.9rem; }
input {
  width: 100%; min-width: 0; padding: 0.45rem 0.6rem; color: inherit; background: var(--page);
  border: 1px solid var(--line); border-radius: 0.4rem;
}
button {
  padding: 0.45rem 0.95rem; font: inherit; font-weight: 600; border: 1px solid transparent; border-radius: 0.4rem;
  color: var(--on-accent); background: var(--accent); cursor: pointer;
}
button:disabled { color: var(--quiet); background: none; border-color: var(--line); cursor: default; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
ol { list-style: none; margin: 0; padding: 0; }
#history li { display: grid; grid-template-columns: 5.5rem 1fr auto; gap: 0 1rem; padding: 0.65rem 1rem; align-items: baseline; }
#history li + li { border-top: 1px solid var(--line); }
#history .change { overflow-wrap: anywhere; }
#history .reason { grid-column: 2 / -1; font-size: 0.9rem; color: var(--bad); }
#history time, #history .revision { font-size: 0.85rem; color: var(--quiet); font-variant-numeric: tabular-nums; }
.badge {
  justify-self: start; padding: 0 0.55rem; border-radius: 1rem; font-size: 0.8rem; font-weight: 600; line-height: 1.6;
  color: var(--good); background: var(--good-back);
}
.badge.refused { color: var(--bad); background: var(--bad-back); }
.fresh { animation: fresh 1.6s ease-out; }
@keyframes fresh { from { background: light-dark(#fff3c4, #4a431f); } }
@media (prefers-reduced-motion: reduce) { .fresh { animation: none; } }
@media (max-width: 34rem) {
  .setting { grid-template-columns: 1fr auto; }
  .setting label { grid-column: 1 / -1; }
  .setting .served, .setting .error { grid-column: 1 / -1; }
  #history li { grid-template-columns: 1fr auto; }
  #history .change, #history .reason { grid-column: 1 / -1; }
  #history time { grid-row: 1; grid-column: 2; }
}
`;
