// What the server does, as it happens. Rows and points are bounded; all text is put in as text.
"use strict";

const LINES = 400, SHORT = 60, SLOTS = 60, SLOT = 5000;
const by = (id) => document.getElementById(id);
const put = (id, text) => { by(id).textContent = text; };
const SVG = "http://www.w3.org/2000/svg";

// -- lists --------------------------------------------------------------------------------------

function item(list, parts, bound, { atEnd = true } = {}) {
  const li = document.createElement("li");
  for (const [name, text] of parts) {
    const span = document.createElement("span");
    span.className = name;
    span.textContent = text;
    li.append(span, " ");
  }
  if (atEnd) list.append(li); else list.prepend(li);
  while (list.children.length > bound) (atEnd ? list.firstElementChild : list.lastElementChild).remove();
}

const dialogue = by("dialogue");
let follows = true;
dialogue.addEventListener("scroll", () => {
  follows = dialogue.scrollHeight - dialogue.scrollTop - dialogue.clientHeight < 40;
});

let waiting = [];
function line(at, of, sign, kind, text) {
  waiting.push([["at", at], ["of", of], [kind, sign], [kind, text]]);
  if (waiting.length > LINES) waiting.shift();
}

function clock(stamp) { return new Date(stamp).toLocaleTimeString([], { hour12: false }); }

// -- events -------------------------------------------------------------------------------------

const open = new Map();
const slots = new Map();
function slot(stamp) {
  const at = Math.floor(new Date(stamp).getTime() / SLOT);
  if (!slots.has(at)) slots.set(at, { sessions: 0, messages: 0, slowest: 0 });
  for (const old of slots.keys()) if (old < at - SLOTS) slots.delete(old);
  return slots.get(at);
}

function hear(told) {
  const at = told.time ? clock(told.time) : "";
  const of = (told.session || (told.id || "").split(".")[0] || "").slice(-8);
  switch (told.event) {
    case "said": line(at, of, told.speaker, told.speaker, told.line); break;
    case "connected":
      slot(told.time).sessions += 1;
      open.set(told.session, told);
      line(at, of, "·", "event", `${told.peer} has connected`);
      break;
    case "session":
      open.delete(told.session);
      line(at, of, "·", "event", `session ends after ${told.seconds.toFixed(1)} s${told.reason ? `: ${told.reason}` : ""}`);
      break;
    case "stored": {
      const now = slot(told.time);
      now.messages += 1;
      now.slowest = Math.max(now.slowest, told.ms);
      put("latency", `${told.ms.toFixed(1)} ms`);
      line(at, of, "✓", "good", `stored for ${told.to.join(", ")}, ${told.size} octets, in ${told.ms.toFixed(1)} ms`);
      break;
    }
    case "refused":
      line(at, of, "✗", "bad", `refused: ${told.code} ${told.status} ${told.reply}${told.reason ? ` (${told.reason})` : ""}`);
      item(by("refused"), [["at", at], ["what", `${told.code} ${told.status} ${told.reply}`],
        ["dim", [told.reason, told.peer, told.said === "''" || told.said === '""' ? "" : told.said].filter(Boolean).join(" · ")]], SHORT, { atEnd: false });
      break;
    case "checked":
      line(at, of, "·", "event", `checked: ${told.findings.map((each) => `${each.method}=${each.result}`).join(" ")}: ${told.action}${told.rule ? ` by ${told.rule}` : ""}`);
      break;
    case "dropped": case "junk":
      line(at, of, "!", "bad", `${told.event}: ${told.reason}`); break;
    case "trouble": line(at, "", "!", "bad", `trouble: ${told.what}`); break;
    case "health": line(at, "", "!", told.state === "ok" ? "good" : "bad", `health ${told.state}: ${Object.values(told.reasons).join("; ")}`); break;
    case "load": line(at, "", "!", "event", `load ${told.load}`); break;
    case "left-out":
      line(at, "", "!", "bad", `left out, since this page was too slow: ${Object.entries(told.counts).map(([name, count]) => `${count} ${name}`).join(", ")}`); break;
    default: break;
  }
}

function status(told) {
  put("name", `${told.hostname} (gomail ${told.version}, pid ${told.pid})`);
  put("n-open", told.sessions.open);
  put("n-ended", told.sessions.ended);
  put("n-messages", told.messages);
  put("n-refused", Object.values(told.refusals).reduce((sum, count) => sum + count, 0));
  put("n-public", told.sessions.public);
  health(told.health.state, Object.values(told.health.reasons).join("; "));
  open.clear();
  for (const client of told.clients) open.set(client.session, client);
}

function health(state, why) {
  by("health").className = `health ${state}`;
  put("health", state);
  put("why", why);
}

function server(why) {
  by("later").hidden = !why;
  if (why) { health("can't be asked", why); open.clear(); }
}

// -- drawing, twice a second at most -------------------------------------------------------------

function draw() {
  if (waiting.length) {
    for (const parts of waiting) item(dialogue, parts, LINES);
    waiting = [];
    if (follows) dialogue.scrollTop = dialogue.scrollHeight;
  }
  const list = by("open");
  list.textContent = "";
  for (const client of Array.from(open.values()).slice(-SHORT)) {
    item(list, [["of", client.session.slice(-8)], ["who", client.peer], ["helo", client.helo], ["dim", client.tls || "plaintext"]], SHORT);
  }
  if (!open.size) item(list, [["dim", "nobody just now"]], SHORT);
  charts();
}

function shape(svg, name, values) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(values)) node.setAttribute(key, value);
  svg.append(node);
}

function charts() {
  const now = Math.floor(Date.now() / SLOT);
  const found = [];
  for (let at = now - SLOTS + 1; at <= now; at += 1) found.push(slots.get(at) || { sessions: 0, messages: 0, slowest: 0 });
  const most = Math.max(1, ...found.map((each) => Math.max(each.sessions, each.messages)));
  const last = found.at(-2);
  put("rate", `${(last.sessions / 5).toFixed(1)} sessions/s, ${(last.messages / 5).toFixed(1)} messages/s`);
  bars(by("rates"), found.map((each) => each.sessions / most));
  path(by("rates"), found.map((each) => each.messages / most));
  const slowest = Math.max(1, ...found.map((each) => each.slowest));
  bars(by("latencies"), found.map((each) => each.slowest / slowest));
}

function bars(svg, values) {
  svg.textContent = "";
  shape(svg, "line", { class: "rule", x1: 0, x2: SLOTS, y1: 99.5, y2: 99.5 });
  values.forEach((value, at) => {
    if (value) shape(svg, "rect", { class: "bar", x: at + 0.15, width: 0.7, y: 99 - value * 95, height: value * 95 });
  });
}

function path(svg, values) {
  const points = values.map((value, at) => `${at + 0.5},${99 - value * 95}`).join(" ");
  shape(svg, "polyline", { class: "line", points });
}

setInterval(draw, 500);

// -- the stream -----------------------------------------------------------------------------------

hearFrom("/live/events", (told) => {
  if (told.event === "server") server(told.why);
  else if (told.event === "status") status(told.status);
  else if (told.event === "lately") {
    dialogue.textContent = by("refused").textContent = "";
    waiting = [];
    slots.clear();
    told.events.forEach(hear);
  } else hear(told);
}, { lost: () => server("the inbox itself can't be reached") });

// -- keys -----------------------------------------------------------------------------------------

const help = by("help");
const button = by("help-button");
button.hidden = false;
button.addEventListener("click", () => help.showModal());
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || help.open) return;
  if (event.key === "?") help.showModal();
  else if (event.key === "q" || event.key === "i") location.assign("/");
  else if (event.key === "/") location.assign("/#q");
});
