// Keys as in mutt, marks without leaving the page, and what arrives as it arrives.
// Everything works without this file, but for these; all text is put into the page as text.
"use strict";

const body = document.body;
const rows = document.getElementById("rows");
const help = document.getElementById("help");
const said = document.getElementById("said");
const PAGE = 50;

// -- what is said -------------------------------------------------------------------------------

let silence = 0;
function say(text) {
  said.textContent = text;
  clearTimeout(silence);
  silence = setTimeout(() => { said.textContent = ""; }, 4000);
}

function follow(id) {
  const link = document.getElementById(id);
  if (link) link.click();
  return Boolean(link);
}

// -- the list -----------------------------------------------------------------------------------

function all() { return rows ? Array.from(rows.children) : []; }
function here() { return rows && rows.querySelector(".here"); }

function goTo(row, { focus = true } = {}) {
  if (!row) return;
  const before = here();
  if (before) before.classList.remove("here");
  row.classList.add("here");
  if (focus) row.querySelector("a").focus();
  row.scrollIntoView({ block: "nearest" });
}

function step(by) {
  const list = all(), at = list.indexOf(here());
  const to = at + by;
  if (to >= list.length && follow("older")) return;
  if (to < 0 && follow("newer")) return;
  goTo(list[Math.max(0, Math.min(list.length - 1, to))]);
}

function fill(row, told) {
  row.className = ["row", told.unread && "unread", told.flagged && "flagged", told.deleted && "deleted",
    row.classList.contains("here") && "here"].filter(Boolean).join(" ");
  const put = (name, text) => { row.querySelector(name).textContent = text; };
  put(".marks", told.marks);
  put(".who bdi", told.author);
  put(".subject bdi", told.subject);
  put(".words", told.words);
  put(".size", told.size);
  put(".when", told.when);
  row.querySelector(".who").title = told.address;
  const time = row.querySelector("time");
  time.dateTime = told.stamp;
  time.title = told.full;
}

function insert(told) {
  if (document.getElementById("m-" + told.key)) return;
  const row = document.getElementById("row").content.querySelector("li").cloneNode(true);
  row.id = "m-" + told.key;
  row.dataset.key = told.key;
  row.querySelector("a").href = told.href;
  fill(row, told);
  row.classList.add("come");
  rows.prepend(row);
  const empty = document.getElementById("empty");
  if (empty) empty.remove();
  while (rows.children.length > PAGE) rows.lastElementChild.remove();
}

function part(name, text, kind) {
  const found = document.createElement(name);
  found.textContent = text;
  if (kind) found.className = kind;
  return found;
}

function count(folder) {
  for (const link of document.querySelectorAll("#folders a")) {
    const told = folder[link.dataset.folder];
    if (!told) continue;
    const place = link.querySelector(".count");
    place.textContent = "";
    if (!told.readable) {
      const lost = part("b", "?", "lost");
      lost.title = "can't be read";
      lost.setAttribute("aria-hidden", "true");
      place.append(lost, part("span", " can't be read", "words"));
    } else if (told.unread) {
      const stroke = part("span", "/");
      stroke.setAttribute("aria-hidden", "true");
      place.append(part("b", told.unread), part("span", " unread of ", "words"), stroke);
    }
    if (told.readable) place.append(String(told.total));
    if (link.dataset.folder === body.dataset.folder) {
      document.title = document.title.replace(/^([^(·]*?)(?: \(\d+\))? ·/, (_, name) =>
        `${name}${told.unread ? ` (${told.unread})` : ""} ·`);
    }
  }
}

// -- marks --------------------------------------------------------------------------------------

function pathOf(row) {
  const link = new URL(row.querySelector("a").href);
  return `${link.pathname}/mark${link.search}`;
}

async function post(path, mark) {
  const form = new URLSearchParams({ token: body.dataset.token, mark });
  let answer;
  try {
    answer = await fetch(path, { method: "POST", body: form, headers: { Accept: "application/json" } });
  } catch {
    say("The inbox can't be reached.");
    return null;
  }
  if (!answer.ok) {
    say(answer.status === 404 ? "That message is not here any more."
      : answer.status < 500 ? "This page is too old: load it again."
      : "The mark can't be set now.");
    return null;
  }
  return answer.json();
}

const ON = { unread: ["unread", "read"], flagged: ["flagged", "unflagged"] };

async function mark(what) {
  const row = here();
  if (rows && !row) return;
  const is = (name) => (row ? row.classList.contains(name) : body.dataset[name] === "1");
  const wanted = what in ON ? ON[what][is(what) ? 1 : 0] : what;
  const told = await post(row ? pathOf(row) : body.dataset.post, wanted);
  if (!told) return;
  if (row) {
    fill(row, told);
    if (what in ON || wanted === "deleted" || wanted === "undeleted") step(wanted === "undeleted" ? 0 : 1);
  } else {
    show(told);
  }
  say(told.words ? `Now ${told.words}.` : "Now read.");
}

// The message's own page: its buttons say what they do next.
function show(told) {
  for (const name of ["unread", "flagged", "deleted"]) body.dataset[name] = told[name] ? "1" : "";
  document.getElementById("state").textContent = told.words;
  const next = { read: told.unread, unread: !told.unread, flagged: !told.flagged, unflagged: told.flagged,
    deleted: !told.deleted, undeleted: told.deleted };
  const names = { read: "Mark read", unread: "Mark unread", flagged: "Flag", unflagged: "Unflag",
    deleted: "Delete", undeleted: "Undelete" };
  const other = { read: "unread", unread: "read", flagged: "unflagged", unflagged: "flagged",
    deleted: "undeleted", undeleted: "deleted" };
  for (const button of document.querySelectorAll("#marking button")) {
    if (!next[button.value]) button.value = other[button.value];
    button.firstChild.textContent = names[button.value] + " ";
    button.querySelector("kbd").textContent = { read: "N", unread: "N", flagged: "F", unflagged: "F", deleted: "d", undeleted: "u" }[button.value];
  }
}

// -- keys ---------------------------------------------------------------------------------------

const keys = {
  "?": () => help.showModal(),
  "/": () => { const search = document.getElementById("q"); if (search) search.focus(); else location.assign("/"); },
  L: () => location.assign("/live"),
  N: () => mark("unread"),
  F: () => mark("flagged"),
  d: () => mark("deleted"),
  u: () => mark("undeleted"),
  q: () => rows ? location.assign("/") : follow("back"),
  i: () => rows ? location.assign("/") : follow("back"),
  z: () => follow("older"),
  Z: () => follow("newer"),
  h: () => { const fields = document.getElementById("all-fields"); if (fields) fields.open = !fields.open; },
  v: () => follow("view"),
  c: () => { const folder = document.querySelector("#folders a"); if (folder) folder.focus(); },
};
if (rows) {
  keys.j = keys.ArrowDown = () => step(1);
  keys.k = keys.ArrowUp = () => step(-1);
  keys.g = keys["="] = keys.Home = () => goTo(all()[0]);
  keys.G = keys["*"] = keys.End = () => goTo(all().at(-1));
  keys.Enter = () => { const row = here(); if (row) row.querySelector("a").click(); };
} else {
  keys.j = () => follow("older") || say("That is the oldest one.");
  keys.k = () => follow("newer") || say("That is the newest one.");
  keys.g = () => scrollTo(0, 0);
  keys.G = () => scrollTo(0, document.body.scrollHeight);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || help.open) return;
  const target = event.target;
  if (target instanceof HTMLInputElement) {
    if (event.key === "Escape") target.blur();
    return;
  }
  if (event.key === "Enter" && target !== body && !target.closest("#rows")) return;
  const act = keys[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

const button = document.getElementById("help-button");
button.hidden = false;
button.addEventListener("click", keys["?"]);

if (rows) {
  rows.addEventListener("focusin", (event) => {
    const row = event.target.closest(".row");
    if (row && row !== here()) goTo(row, { focus: false });
  });
  const back = location.hash && document.getElementById(location.hash.slice(1));
  goTo(back && back.classList.contains("row") ? back : all()[0], { focus: false });
} else {
  document.getElementById("marking").addEventListener("submit", (event) => {
    event.preventDefault();
    const what = event.submitter.value;
    mark({ read: "unread", unflagged: "flagged" }[what] || what);
  });
  // Reading marks as read, as in mutt; not by the GET alone, which a browser may do for itself.
  if (body.dataset.unread) post(body.dataset.post, "read").then((told) => told && show(told));
}

// -- what arrives -------------------------------------------------------------------------------

function come(told) {
  const ours = told.filter((row) => row.folder === body.dataset.folder && body.dataset.first);
  ours.reverse().forEach(insert);
  return ours;
}

function complete(told) {
  const row = document.getElementById("m-" + told.key);
  if (row) fill(row, told);
}

if (rows) {
  let changes = null;
  hearFrom(`/arrivals?since=${body.dataset.changes}`, (told) => {
    if (told.event === "begin") {
      // What has come while nobody looked at this page was not told to it.
      if (changes !== null && changes !== told.changes) location.reload();
      changes = told.changes;
      come(told.rows);
      told.completed.forEach(complete);
      count(told.folders);
    } else if (told.event === "come") {
      changes = told.changes;
      const ours = come(told.rows);
      told.completed.forEach(complete);
      if (ours.length) say(ours.length === 1 ? `New: ${ours[0].author}: ${ours[0].subject}` : `${ours.length} new messages`);
      count(told.folders);
    } else if (told.event === "left-out") {
      location.reload();
    }
  });
}
