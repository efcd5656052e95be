// What a page gains with JavaScript: progress without a reload, copy buttons, keys, theme,
// suggestions. Everything it shows comes from this server's pages or goes in as text.

const $ = (id) => document.getElementById(id);
const root = document.documentElement;

// Settings are kept where the browser lets us.
const store = {
  get(key) {
    try { return localStorage.getItem(key); } catch { return null; }
  },
  set(key, value) {
    try {
      if (value) localStorage.setItem(key, value);
      else localStorage.removeItem(key);
    } catch { /* private mode: it holds for this page */ }
  },
};

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// Theme

function useTheme(theme) {
  if (theme) root.dataset.theme = theme;
  else delete root.dataset.theme;
}
useTheme(store.get("theme"));

function addThemeChoice() {
  const names = { "": "System theme", light: "Light", dark: "Dark" };
  const options = Object.entries(names).map(([value, textContent]) =>
    element("option", { value, textContent }));
  const select = element("select", { className: "quiet", id: "theme" }, ...options);
  select.value = store.get("theme") ?? "";
  select.onchange = () => {
    store.set("theme", select.value);
    useTheme(select.value);
  };
  const label = element("label", { htmlFor: "theme", className: "hidden", textContent: "Theme" });
  $("tools").append(label, select);
}

// Copying

async function copy(source, button) {
  let text = source.textContent;
  if (source.classList.contains("origin")) text = text.replaceAll("](/", `](${location.origin}/`);
  let said = "Copied";
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    getSelection().selectAllChildren(source);
    said = "Selected: press Ctrl+C";
  }
  say(`${source.dataset.copy}: ${said.toLowerCase()}`);
  if (!button) return;
  button.firstChild.data = said;
  setTimeout(() => { button.firstChild.data = "Copy"; }, 2000);
}

function addCopyButtons(within) {
  for (const source of within.querySelectorAll("[data-copy]")) {
    const name = element("span", { className: "hidden", textContent: ` ${source.dataset.copy}` });
    const button = element("button", { type: "button", className: "quiet" }, "Copy", name);
    button.onclick = () => copy(source, button);
    source.after(button);
  }
}

// One place to tell what has just happened, read out once.
const speaker = element("p", { className: "hidden" });
speaker.setAttribute("role", "status");
function say(text) {
  speaker.textContent = text;
}

// Keys

const keys = {
  "/": ["Search", () => $("q")?.focus()],
  j: ["Next layer", () => step(1)],
  k: ["Previous layer", () => step(-1)],
  c: ["Copy the pull line", () => {
    const line = $("pull") ?? $("pull-digest");
    if (line) copy(line, line.nextElementSibling);
  }],
  y: ["Permanent address, by digest", () => {
    const line = $("pull-digest")?.textContent;
    if (line) location.assign(`/images/${line.split(" ").pop()}`);
  }],
  "?": ["This list", () => $("keys").showModal()],
};

function step(by) {
  const layers = [...document.querySelectorAll(".layer")].filter((layer) => layer.checkVisibility());
  const at = layers.indexOf(document.activeElement.closest(".layer"));
  const next = layers[at < 0 ? (by > 0 ? 0 : layers.length - 1) : at + by];
  if (!next) return;
  next.tabIndex = -1;
  next.focus();
}

function onKey(event) {
  const isTyping = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping || $("keys").open) return;
  if (store.get("keys") === "off" || !Object.hasOwn(keys, event.key)) return;
  event.preventDefault();
  keys[event.key][1]();
}

function addKeys() {
  const list = element("dl");
  for (const [key, [what]] of Object.entries(keys))
    list.append(element("dt", {}, element("kbd", { textContent: key })), element("dd", { textContent: what }));
  const box = element("input", { type: "checkbox", id: "keys-on", checked: store.get("keys") !== "off" });
  box.onchange = () => store.set("keys", box.checked ? "" : "off");
  const close = element("button", { type: "button", textContent: "Close" });
  const dialog = element("dialog", { id: "keys" },
    element("h2", { id: "h-keys", textContent: "Keys" }), list,
    element("label", {}, box, "Single keys are on"), close);
  dialog.setAttribute("aria-labelledby", "h-keys");
  close.onclick = () => dialog.close();
  const open = element("button", { type: "button", className: "quiet", textContent: "Keys" });
  open.onclick = () => dialog.showModal();
  document.body.append(dialog);
  $("tools").append(open);
  document.addEventListener("keydown", onKey);
}

// Suggestions from what is known

function addSuggestions(input) {
  let timer = 0;
  let last = "";
  const look = async () => {
    const term = input.value.trim();
    if (term === last || term.length < 2 || /[\s:@]/.test(term)) return;
    last = term;
    const path = term.split("/").map(encodeURIComponent).join("/");
    const answer = await fetch(`/v1/images/search/${path}`);
    if (!answer.ok) return;
    const names = (await answer.json()).Images ?? [];
    if (last === term) $("known").replaceChildren(...names.map((value) => element("option", { value })));
  };
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => look().catch(() => {}), 150);
  });
}

// Progress: events; where they fail, asking again. The page itself tells what is new.

const STAGES = {
  queued: "Waiting for its turn",
  tags: "Reading the tags",
  manifests: "Reading the manifests",
  layers: "Reading layers and commands",
  "waiting-rate-limit": "Waiting: the registry asks for a pause",
  refreshing: "Looking whether something has changed",
  done: "Complete",
};
const FINAL = ["INSPECTED", "MISSING", "FAILED_INSPECTION"];
const isFinal = (status) => FINAL.includes(status.Status) && (status.Stage === "done" || status.Status !== "INSPECTED");

function showProgress(status) {
  const bar = $("progress");
  if (!bar) return;
  const text = STAGES[status.Stage] ?? STAGES.queued;
  if ($("stage").textContent !== text) $("stage").textContent = text;
  $("count").textContent = status.Total ? `${status.Done} of ${status.Total} versions` : "";
  if (status.Total) {
    bar.max = status.Total;
    bar.value = status.Done;
  }
}

// Swaps what differs; what is unfolded, and where the focus is, stays.
function swap(id, fresh) {
  const old = $(id);
  const now = fresh.getElementById(id);
  if (!old || !now || old.dataset.was === now.innerHTML) return;
  const was = now.innerHTML;
  const open = [...old.querySelectorAll("details[open]")].map((each) => each.id);
  const focus = old.contains(document.activeElement) ? document.activeElement.id : "";
  now.dataset.was = was;
  old.replaceWith(now);
  for (const each of open) $(each)?.setAttribute("open", "");
  if (id === "content") addCopyButtons(now);
  if (focus) $(focus)?.focus();
}

// What stays the same is not put in again: it would be read out again.
function showState(now) {
  const live = $("live");
  const isProgress = now.querySelector("progress") && live.querySelector("progress");
  if (isProgress || live.innerHTML === now.innerHTML) return;
  live.className = now.className;
  live.replaceChildren(...now.childNodes);
}

async function reload() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!fresh.getElementById("image")) {
    $("main").replaceWith(fresh.getElementById("main"));
    document.title = fresh.title;
    tryAgainLater();
    return null;
  }
  swap("title", fresh);
  swap("content", fresh);
  showState(fresh.getElementById("live"));
  $("image").dataset.status = fresh.getElementById("image").dataset.status;
  tryAgainLater();
  return answer;
}

// At most one reload at a time, and one more for what came meanwhile.
let isLoading = false;
let isWanted = false;
async function refresh() {
  isWanted = true;
  if (isLoading) return;
  isLoading = true;
  while (isWanted) {
    isWanted = false;
    await reload().catch(() => {});
    await new Promise((done) => setTimeout(done, 300));
  }
  isLoading = false;
}

function follow(name) {
  const source = new EventSource(`/v1/events/${name}`);
  let last = "";
  let failures = 0;
  source.addEventListener("status", (event) => {
    const status = JSON.parse(event.data);
    failures = 0;
    showProgress(status);
    const now = `${status.Status} ${status.Stage} ${status.Done}`;
    if (now !== last) refresh();
    last = now;
    if (!isFinal(status)) return;
    source.close();
    say(status.Status === "INSPECTED" ? "Complete" : "");
  });
  source.onerror = () => {
    failures += 1;
    if (source.readyState !== EventSource.CLOSED && failures < 4) return;
    source.close();
    poll(name, 2000);
  };
}

async function poll(name, wait) {
  await new Promise((done) => setTimeout(done, wait));
  const answer = await fetch(`/v1/status/${name}`).catch(() => null);
  const status = answer?.ok ? await answer.json() : {};
  showProgress(status);
  await refresh();
  if (!isFinal(status)) poll(name, Math.min(wait * 1.5, 30000));
}

// A failure is tried again when the server said so.
let retry = 0;
function tryAgainLater() {
  const place = $("retry");
  clearTimeout(retry);
  if (!place) return;
  const seconds = Math.min(Number(place.dataset.seconds), 86400);
  retry = setTimeout(() => ($("image") ? begin() : location.reload()), seconds * 1000);
}

function begin() {
  const image = $("image");
  if (!image) return;
  refresh().then(() => $("progress") && follow(image.dataset.name));
}

addThemeChoice();
addKeys();
document.body.append(speaker);
addCopyButtons(document);
if ($("q")) addSuggestions($("q"));
if (document.querySelector(".hero")) $("q").focus();
if ($("progress")) follow($("image").dataset.name);
tryAgainLater();
