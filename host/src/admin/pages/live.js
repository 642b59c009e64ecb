// Makes a page live: fetches what it shows anew when the host says that something has changed, and tells times in the viewer's zone.
// Without it every page still reads.
"use strict";

const PAUSE_MS = 1000;

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

function tellTimes(within) {
  for (const time of within.querySelectorAll("time[datetime]:not(.ago)")) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.getTime())) time.textContent = exact.format(at);
  }
}

// Somebody who reads, types or has opened something is not to lose it.
function isInUse(part) {
  const selection = document.getSelection();
  const hasFocus = part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea");
  const hasSelection = selection !== null && !selection.isCollapsed && part.contains(selection.anchorNode);
  return hasFocus || hasSelection;
}

function openDetails(part) {
  return [...part.querySelectorAll("details")].map((details) => details.open);
}

// Where the keyboard is within a part: the number of the element among those that can have it.
const FOCUSABLE = "a[href], button, summary, [tabindex]";

function replace(part, fresh) {
  if (part.innerHTML === fresh.innerHTML) return;
  const open = openDetails(part);
  const scrolled = [...part.querySelectorAll(".scroll")].map((box) => box.scrollLeft);
  const focused = [...part.querySelectorAll(FOCUSABLE)].indexOf(document.activeElement);
  part.replaceChildren(...fresh.childNodes);
  tellTimes(part);
  part.querySelectorAll("details").forEach((details, index) => { if (open[index] !== undefined) details.open = open[index]; });
  part.querySelectorAll(".scroll").forEach((box, index) => { if (scrolled[index]) box.scrollLeft = scrolled[index]; });
  if (focused >= 0) part.querySelectorAll(FOCUSABLE)[focused]?.focus({ preventScroll: true });
}

let fetching = false;
let wanted = false;

async function refresh() {
  if (fetching || document.hidden) { wanted = true; return; }
  fetching = true;
  wanted = false;
  try {
    const response = await fetch(location.href, { headers: { "x-live": "1" }, redirect: "error" });
    if (response.ok) {
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      for (const part of document.querySelectorAll("[data-live]")) {
        const fresh = page.getElementById(part.id);
        if (fresh && !isInUse(part)) replace(part, document.adoptNode(fresh));
      }
    }
  } catch {
    // The stream says when the host is back.
  }
  fetching = false;
  if (wanted) setTimeout(refresh, PAUSE_MS);
}

function listen() {
  const stream = new EventSource("/live");
  const mark = (isStale) => document.querySelector("h1")?.classList.toggle("stale", isStale);
  let failed = 0;
  stream.addEventListener("hello", () => { if (failed > 1) refresh(); failed = 0; mark(false); });
  stream.addEventListener("changed", refresh);
  stream.addEventListener("error", () => { failed += 1; if (failed > 4) mark(true); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden && wanted) refresh(); });
}

tellTimes(document);
// A page further back, and one that asks a question, stay as they are.
if (document.querySelector("[data-live]") && !new URLSearchParams(location.search).has("before")) listen();

// As in many programs, "/" leads to the search.
document.addEventListener("keydown", (event) => {
  const isTyping = event.target instanceof Element && event.target.matches("input, select, textarea");
  if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  const field = document.querySelector("form.filter input");
  if (field) { event.preventDefault(); field.focus(); }
});
