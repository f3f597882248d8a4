// The staff's page on a phone: draws what the hub tells, keeps presses until the hub has booked them, and goes on without a network.
// A press has a key of its own from the moment of pressing, so that sending it again books nothing twice.
(() => {
  const words = JSON.parse(document.getElementById("words").textContent);
  const shelf = new URLSearchParams(location.search).get("shelf") || "";
  const query = shelf ? `?shelf=${encodeURIComponent(shelf)}` : "";
  const SEEN = `aislewise_seen${query}`, QUEUE = "aislewise_presses", YEAR = 31536000, CHECK_MS = 30000;
  const byId = (id) => document.getElementById(id);
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const read = (name, otherwise) => { try { return JSON.parse(localStorage.getItem(name)) ?? otherwise; } catch { return otherwise; } };
  const keep = (name, value) => { try { localStorage.setItem(name, JSON.stringify(value)); } catch { /* a full or private store: the page itself still holds it */ } };

  let told = read(SEEN, null) || atShelf(read("aislewise_seen", null)), presses = read(QUEUE, []), connected = false, failed = false, asking = false, sending = false, wait = 1000, notice = "";
  const counted = {}; // What is typed into the field of a count, by task: news may redraw it meanwhile.
  const name = () => decodeURIComponent((document.cookie.match(/(?:^|; )aislewise_name=([^;]*)/) || [])[1] || "");

  // A shelf that was never opened on this phone, out of the list that was: what a printed code shows without a network.
  function atShelf(all) {
    if (!all || !shelf) return null;
    const tasks = all.tasks.filter((task) => task.shelf === shelf);
    return { ...all, tasks, shelf: { place: tasks[0]?.place || words.all_known, articles: [] } };
  }

  function element(kind, attributes = {}, ...children) {
    const made = document.createElement(kind);
    for (const [key, value] of Object.entries(attributes)) if (value !== false && value != null) made.setAttribute(key, value === true ? "" : value);
    made.append(...children.filter((child) => child !== "" && child != null && child !== false));
    return made;
  }

  // ---- drawing

  function draw() {
    byId("who").textContent = name() || words.name;
    drawNotes();
    drawName();
    if (!told) return;
    byId("clock").textContent = told.clock;
    byId("sentence").textContent = told.shelf ? told.shelf.place : told.sentence;
    drawShelf(told.shelf);
    const list = byId("tasks"), focused = document.activeElement?.dataset?.press, typing = document.activeElement?.id;
    const nothing = element("li", { class: "empty" }, words.nothing_more);
    if (told.shelf) nothing.prepend(element("strong", {}, words.nothing)); // Elsewhere the heading says so.
    list.replaceChildren(...(told.tasks.length ? told.tasks.map(card) : [nothing]));
    if (typing?.startsWith("units-")) byId(typing)?.focus();
    if (focused) list.querySelector(`[data-press="${CSS.escape(focused)}"]`)?.focus();
  }

  function drawNotes() {
    const notes = [];
    if (asking) notes.push(element("form", { id: "ask" }, element("label", {}, `${words.name} `, element("input", { name: "name", maxlength: 40, value: name(), autocomplete: "name", required: true })),
      element("p", { class: "small soft" }, words.name_why), element("button", { class: "main" }, words.save)));
    if (!connected && (told || failed)) notes.push(element("p", { class: "banner" }, told ? fill(words.offline, { time: told.clock }) : words.offline_new));
    if (presses.length) notes.push(element("p", { class: "banner", id: "unsent" }, fill(words.waiting_all, { count: presses.length })));
    if (notice) notes.push(element("p", { class: "banner" }, notice));
    const box = byId("notes");
    if (asking && box.querySelector("#ask")) return; // Somebody is typing.
    box.replaceChildren(...notes);
  }

  function drawName() {
    byId("notes").querySelector("#ask")?.addEventListener("submit", (event) => {
      event.preventDefault();
      const typed = new FormData(event.target).get("name").trim().slice(0, 40);
      document.cookie = `aislewise_name=${encodeURIComponent(typed)}; max-age=${YEAR}; path=/; SameSite=Lax`;
      asking = false;
      byId("notes").replaceChildren();
      draw();
    }, { once: true });
  }

  function drawShelf(place) {
    byId("shelf").hidden = !place;
    if (!place) return;
    const rows = place.articles.map((article) => element("li", {}, element("a", { href: article.link }, article.name),
      element("span", { class: "small soft" }, fill(words.of, article), " · ", fill(words.room, { units: article.room }))));
    byId("shelf").replaceChildren(element("ul", {}, ...rows), element("a", { class: "button", href: "/staff" }, words.all));
  }

  function card(task) {
    const waiting = presses.filter((press) => press.alert_id === task.id);
    const as = waiting.length ? waiting[waiting.length - 1].action : "";
    const taken = as === "take" || (as !== "release" && Boolean(task.taken_by)), mine = as === "take" || task.taken_by === name();
    const closed = as ? ["done", "not_there", "counted"].includes(as) : task.done || task.missing;
    const act = (action, text, main) => element("button", { type: "button", class: main && "main", "data-press": `${action}-${task.id}`, "aria-label": `${text}: ${task.title}` }, text);
    const field = () => element("label", { class: "units" }, `${words.units} `,
      element("input", { id: `units-${task.id}`, inputmode: "numeric", pattern: "[0-9]*", maxlength: 7, autocomplete: "off", value: counted[task.id] ?? "" }));
    const acts = as === "counted" ? [] : closed ? [act("release", words.again)] : task.count ? [field(), act("counted", words.counted, true)] : [
      !taken && act("take", words.take, true),
      act("done", task.confirmed_by_scale ? words.done : words.done_other, taken),
      task.confirmed_by_scale && act("not_there", words.not_there),
      taken && mine && act("release", words.release)];
    return element("li", { class: `task is-${task.level}${closed ? " settled" : ""}`, "data-key": task.id },
      element("div", { class: "what" }, element("h2", {}, task.title), element("p", { class: "place" }, task.place),
        element("p", {}, element("strong", { class: task.level }, task.state), task.outlook && ` · ${task.outlook}`),
        element("p", { class: "small" }, [task.do, task.stake].filter(Boolean).join(" · ")),
        element("p", { class: "small soft" }, task.done && task.confirmed_by_scale ? `${task.who}. ${words.confirm}` : task.who,
          task.assigned_to && task.assigned_to === name() && element("b", { class: "blue" }, ` ${words.given_you}`)),
        waiting.length > 0 && element("p", { class: "small amber unsent" }, words.waiting)),
      element("div", { class: "acts" }, ...acts));
  }

  // ---- presses

  document.addEventListener("click", (event) => {
    if (event.target.closest("#who")) { asking = !asking; byId("notes").replaceChildren(); return draw(); }
    const pressed = event.target.closest("[data-press]")?.dataset.press;
    if (!pressed) return;
    if (!name()) { asking = true; draw(); return byId("notes").querySelector("input")?.focus(); }
    const cut = pressed.lastIndexOf("-"), alert_id = Number(pressed.slice(cut + 1)), action = pressed.slice(0, cut);
    if (presses.filter((press) => press.alert_id === alert_id).at(-1)?.action === action) return; // Pressed twice is pressed once.
    const units = action === "counted" ? (counted[alert_id] ?? "").trim() : null;
    if (units !== null && (!/^[0-9]{1,7}$/.test(units) || Number(units) > 1e6)) { notice = words.no_units; draw(); return byId(`units-${alert_id}`)?.focus(); }
    notice = "";
    presses.push({ key: [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join(""), alert_id, action, by: name(), pressed_at_ms: Date.now(), ...(units !== null && { units: Number(units) }) });
    keep(QUEUE, presses);
    draw();
    send();
  });

  document.addEventListener("input", (event) => {
    if (event.target.id.startsWith("units-")) counted[event.target.id.slice(6)] = event.target.value;
  });

  async function send() {
    if (sending) return;
    sending = true;
    try {
      while (presses.length) {
        const { key, ...press } = presses[0];
        const answer = await fetch("/staff/press", { method: "POST", headers: { "content-type": "application/json", "idempotency-key": key }, body: JSON.stringify({ type: "alert_action", ...press }), signal: AbortSignal.timeout(8000) });
        if (answer.status >= 500 || answer.status === 408 || answer.status === 429) throw new Error(`the hub answered ${answer.status}`);
        if (answer.redirected || answer.status === 401) { notice = words.must_log_in; throw new Error("not logged in"); }
        const said = await answer.json().catch(() => ({}));
        if (answer.status === 409) notice = words.closed;
        else if (!answer.ok) notice = fill(words.refused, { problem: said.problem || answer.status });
        presses.shift(); // Booked, or never will be.
        keep(QUEUE, presses);
        wait = 1000;
        await ask();
      }
    } catch {
      setTimeout(send, wait);
      wait = Math.min(wait * 2, 30000);
    } finally {
      sending = false;
      draw();
    }
  }

  // ---- news

  function hear(text) {
    told = JSON.parse(text);
    keep(SEEN, told);
    connected = true;
    draw();
  }

  async function ask() {
    const answer = await fetch(`/staff/tasks${query}`, { signal: AbortSignal.timeout(8000) });
    if (answer.ok && !answer.redirected) hear(await answer.text());
  }

  function follow() {
    const news = new EventSource(`/staff/events${query}`);
    news.onopen = () => { connected = true; draw(); send(); };
    news.onmessage = (event) => hear(event.data);
    news.onerror = () => {
      lost();
      if (news.readyState === EventSource.CLOSED) setTimeout(follow, 3000); // The browser tries again by itself unless it was refused.
    };
  }

  function lost() {
    connected = false;
    failed = true;
    draw();
  }

  addEventListener("online", () => { ask().catch(lost); send(); });
  addEventListener("offline", lost);
  setInterval(() => { if (!document.hidden) ask().catch(lost); }, CHECK_MS); // A line that died in silence is seen, too.
  addEventListener("storage", (event) => { if (event.key === QUEUE) { presses = read(QUEUE, []); draw(); } });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) ask().catch(lost); });
  navigator.serviceWorker?.register("/staff-worker.js").catch(() => {}); // Without HTTPS there is none: the page works, but cannot be installed.
  draw();
  follow();
})();
