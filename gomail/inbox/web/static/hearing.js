// Events of the inbox, while the page is seen: a browser has six connections a host for all of its
// tabs, and one that nobody looks at is to leave them to the others.
"use strict";

function hearFrom(path, hear, { lost = () => {} } = {}) {
  let source = null;
  function begin() {
    if (source || document.hidden) return;
    source = new EventSource(path);
    source.addEventListener("message", (event) => hear(JSON.parse(event.data)));
    source.addEventListener("error", lost);
  }
  function end() {
    if (source) source.close();
    source = null;
  }
  document.addEventListener("visibilitychange", () => (document.hidden ? end() : begin()));
  window.addEventListener("pagehide", end);
  window.addEventListener("pageshow", begin);
  begin();
}
