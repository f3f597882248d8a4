// The audit: one strip after the other, a verdict on each, and what the verdicts amount to so far.
"use strict";
let audit = null, order = [], at = 0, verdicts = {};
const VERDICTS = { right: () => t("Right"), nobody: () => t("Wrong: nobody crossed"), wrong_way: () => t("Wrong: the other way"), unsure: () => t("Cannot tell") };

function percent(value) { return `${Math.round(value * 100)} %`; }
function clock(seconds) { return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`; }
function shareWords(share) { return share ? t("{low} to {high}, at 95 %", { low: percent(share.low), high: percent(share.high) }) : "—"; }
function sayLine(words, bad = false) { const line = document.getElementById("saved"); line.textContent = words; line.className = bad ? "red" : ""; }

function question(item) {
  if (item.kind === "quiet") return t("{door}, {from} to {until}: nobody was counted. Did somebody cross the line?", { door: item.door_id, from: clock(item.from_s), until: clock(item.until_s) });
  const way = item.direction === "in" ? t("in") : t("out");
  return t("{door}, {time}: one person {way}. Is that right?", { door: item.door_id, time: clock(item.at_s), way });
}

function counter(item, key, words) {
  const said = verdicts[item.number] || {}, value = said[key] || 0;
  const change = (by) => { const now = { number: item.number, missed_in: 0, missed_out: 0, ...verdicts[item.number] }; now[key] = Math.min(99, Math.max(0, (now[key] || 0) + by)); verdicts[item.number] = now; if (item.kind === "quiet" || now.verdict) send(now); show(); };
  return make("div", { class: "counter" }, make("button", { type: "button", "aria-label": t("One less: {what}", { what: words }), disabled: value === 0, onclick: () => change(-1) }, "−"), make("output", {}, String(value)),
    make("button", { type: "button", "aria-label": t("One more: {what}", { what: words }), onclick: () => change(1) }, "+"), make("span", { class: "small" }, words));
}

function show() {
  if (!audit) return;
  const judged = order.filter((item) => isJudged(item)).length, item = order[at], box = document.getElementById("item");
  document.getElementById("camera").textContent = t("Audit {camera}", { camera: audit.area_id });
  document.getElementById("state").textContent = t("{minutes} min of film", { minutes: Math.round(audit.film_s / 6) / 10 });
  document.getElementById("sentence").textContent = order.length ? t("{done} of {all} judged", { done: judged, all: order.length }) : t("Nothing to judge in this film");
  Object.assign(document.getElementById("progress"), { value: judged, max: Math.max(1, order.length) });
  const buttons = { back: [t("Back"), at === 0], next: [t("Next"), at >= order.length - 1], finish: [t("Finish the audit"), false] };
  for (const [id, [words, off]] of Object.entries(buttons)) { const button = document.getElementById(id); button.textContent = words; button.disabled = off; }
  box.hidden = !item;
  if (item) {
    const said = verdicts[item.number] || {};
    box.replaceChildren(make("h2", {}, question(item)), make("div", { class: "strip" }, ...item.frames.map((frame, index) => make("figure", { class: frame.is_crossing ? "now" : "" },
      make("img", { src: `/crop.jpg?number=${item.number}&frame=${index}`, alt: t("Picture at {time}", { time: clock(frame.at_s) }) }), make("figcaption", {}, frame.is_crossing ? t("counted here") : `${frame.at_s.toFixed(1)} s`)))),
      item.kind === "event" ? make("div", { class: "verdicts", role: "group", "aria-label": t("Verdict") }, ...Object.keys(VERDICTS).map((name, index) => make("button", { type: "button", "aria-pressed": said.verdict === name ? "true" : "false", onclick: () => judge(item, name) }, `${index + 1} · ${VERDICTS[name]()}`)))
        : make("div", { class: "verdicts" }, make("button", { type: "button", class: said.number && !said.missed_in && !said.missed_out ? "main" : "", onclick: () => judge(item, null) }, `1 · ${t("Nobody crossed")}`)),
      make("p", { class: "small soft" }, item.kind === "event" ? t("Others who crossed here and were not counted:") : t("How many crossed:")),
      make("div", { class: "bar" }, counter(item, "missed_in", t("missed in")), counter(item, "missed_out", t("missed out"))));
  }
  document.getElementById("doors").replaceChildren(...audit.doors.map((door) => make("div", {}, make("h2", {}, t("{door}: {counted} counted", { door: door.door_id, counted: door.counted })), make("ul", { class: "figures" },
    ...[[t("Count accuracy"), door.count_accuracy], [t("Precision"), door.precision], [t("Recall"), door.recall]].map(([words, share]) => make("li", {}, make("span", { class: "small soft" }, words), make("span", { class: "value" }, share ? percent(share.value) : "—"), make("span", { class: "small soft" }, share ? shareWords(share) : t("too little judged"))))))));
}

function isJudged(item) { const said = verdicts[item.number]; return Boolean(said) && (item.kind === "quiet" || Boolean(said.verdict)); }

async function send(said) {
  try { const told = await ask("POST", "/verdict", said); audit.doors = told.doors; sayLine(""); } catch (error) { sayLine((error.told && error.told.detail) || error.message, true); }
  show();
}

function judge(item, verdict) {
  const now = { missed_in: 0, missed_out: 0, ...verdicts[item.number], number: item.number };
  if (verdict) now.verdict = verdict; else Object.assign(now, { missed_in: 0, missed_out: 0 });
  verdicts[item.number] = now;
  send(now);
  if (at < order.length - 1) at += 1;
  show();
}

function go(by) { at = Math.min(order.length - 1, Math.max(0, at + by)); show(); }

addEventListener("DOMContentLoaded", async () => {
  await begin();
  audit = await ask("GET", "/state");
  order = audit.items;
  for (const said of audit.verdicts) verdicts[said.number] = said;
  document.getElementById("back").addEventListener("click", () => go(-1));
  document.getElementById("next").addEventListener("click", () => go(1));
  document.getElementById("finish").addEventListener("click", async () => {
    const left = order.filter((item) => !isJudged(item)).length;
    if (left && !confirm(t("{left} are not judged yet; the accuracy then says so by a wider interval. Finish all the same?", { left }))) return;
    await ask("POST", "/finish").catch(() => {});
    sayLine(t("Done. The result is in the terminal and on its way to the hub."));
    for (const button of document.querySelectorAll("main button, footer button")) button.disabled = true;
  });
  document.addEventListener("dressed", show);
  addEventListener("keydown", (event) => {
    if (event.target.matches("input, select") || event.ctrlKey || event.metaKey || !order.length) return;
    const item = order[at], names = Object.keys(VERDICTS), number = Number(event.key);
    if (event.key === "ArrowLeft") go(-1);
    else if (event.key === "ArrowRight") go(1);
    else if (item.kind === "event" && number >= 1 && number <= names.length) judge(item, names[number - 1]);
    else if (item.kind === "quiet" && number === 1) judge(item, null);
  });
  show();
});
