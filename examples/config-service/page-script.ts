/**
 * What runs in the browser. It owns no truth: every event carries the whole state, and the page is drawn from it. Text is
 * set as text, never as HTML, because anyone who may write to etcd decides what it says.
 */
export const pageScript = `
const byId = (id) => document.getElementById(id);
const element = (name, className, text) => {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
};
const rows = new Map();

function settingRow(key) {
  const form = element("form", "setting");
  const label = element("label", "", key);
  const input = element("input");
  const button = element("button", "", "Save");
  const served = element("div", "served");
  const error = element("div", "error");
  label.htmlFor = input.id = "setting-" + key;
  input.name = key;
  input.autocomplete = "off";
  input.spellcheck = false;
  served.hidden = error.hidden = true;
  error.setAttribute("role", "alert");
  form.append(label, input, button, served, error);
  const row = { form, input, button, served, error, value: null, revision: 0, dirty: false };
  input.oninput = () => {
    row.dirty = input.value !== (row.value ?? "");
    button.disabled = !row.dirty;
    error.hidden = true;
  };
  form.onsubmit = (event) => {
    event.preventDefault();
    save(key, row);
  };
  byId("settings").append(form);
  rows.set(key, row);
  return row;
}

async function save(key, row) {
  row.button.disabled = true;
  row.error.hidden = true;
  try {
    const body = JSON.stringify({ value: row.input.value, revision: row.seen });
    const response = await fetch("/config/" + encodeURIComponent(key), { method: "PUT", body });
    const answer = await response.json();
    if (!response.ok) throw new Error(response.status === 409 ? "Someone else has changed it to " + JSON.stringify(answer.current?.value ?? null) + ". Save again to replace that." : answer.error);
    row.dirty = false;
  } catch (failure) {
    row.error.textContent = failure.message;
    row.error.hidden = false;
    row.button.disabled = false;
    row.seen = row.revision;
  }
}

function showValues({ values, problem }) {
  for (const { key, value, stored, revision } of values) {
    const row = rows.get(key) ?? settingRow(key);
    const changed = row.value !== value && row.value !== null;
    row.value = value;
    row.revision = revision;
    // What is being typed stays, and so does the revision it was typed against: saving it then says that it conflicts.
    if (!row.dirty) {
      row.input.value = value ?? "";
      row.seen = revision;
      row.button.disabled = true;
    }
    row.served.hidden = stored === value;
    row.served.textContent = stored === null ? "deleted in etcd; readers still get this value" : "etcd holds " + JSON.stringify(stored) + "; readers still get " + JSON.stringify(value);
    if (changed) flash(row.form);
  }
  byId("problem").hidden = problem === null;
  byId("problem").textContent = problem === null ? "" : "What is stored is not valid, so the last good configuration stays: " + problem + ".";
}

const valueText = (text) => element("span", text === "" ? "quiet" : "value", text === "" ? "(empty)" : text);

function historyItem({ atMs, outcome, seen, revision, keys, reason }) {
  const item = element("li", outcome);
  const change = element("div", "change");
  for (const { key, from, to } of keys) {
    const line = element("div");
    line.append(element("code", "", key), from === null ? " set to " : " ");
    if (from !== null) line.append(valueText(from), " → ");
    line.append(to === null ? "deleted" : valueText(to));
    change.append(line);
  }
  const time = element("time", "", new Date(atMs).toLocaleTimeString());
  time.dateTime = new Date(atMs).toISOString();
  item.append(element("span", "badge " + outcome, outcome), change, time);
  if (reason) item.append(element("div", "reason", reason + (seen === "request" ? " (not written)" : " (written to etcd, kept from readers)")));
  item.title = revision === null ? "never written" : "revision " + revision;
  return item;
}

function flash(target) {
  target.classList.remove("fresh");
  void target.offsetWidth;
  target.classList.add("fresh");
}

function connection(name, text) {
  byId("connection").className = name;
  byId("connection").textContent = text;
}

const events = new EventSource("/events");
events.onopen = () => connection("live", "live");
events.onerror = () => connection("lost", "reconnecting");
events.addEventListener("snapshot", ({ data }) => {
  const state = JSON.parse(data);
  showValues(state);
  byId("history").replaceChildren(...state.history.map(historyItem));
  byId("empty").hidden = state.history.length > 0;
});
events.addEventListener("change", ({ data }) => {
  const state = JSON.parse(data);
  showValues(state);
  const item = historyItem(state.change);
  byId("history").prepend(item);
  while (byId("history").children.length > 100) byId("history").lastChild.remove();
  byId("empty").hidden = true;
  flash(item);
});
`;
