// What every page here shares: words in two languages, light and dark, questions to the program, and saying so when it has ended.
"use strict";
const settings = { language: read("language", navigator.language.startsWith("zh") ? "zh" : "en"), theme: read("theme", "auto") };
let csrf = "";

function read(name, otherwise) { try { return localStorage.getItem(`aislewise_${name}`) || otherwise; } catch { return otherwise; } }
function keep(name, value) { settings[name] = value; try { localStorage.setItem(`aislewise_${name}`, value); } catch { /* a browser that keeps nothing still works */ } }

function t(text, values = {}) {
  const words = settings.language === "zh" ? WORDS_ZH[text] || text : text;
  return words.replace(/\{(\w+)\}/g, (_, name) => (name in values ? values[name] : `{${name}}`));
}

function make(tag, attributes = {}, ...children) {
  const svg = ["svg", "g", "line", "polyline", "polygon", "path", "rect", "circle", "text"].includes(tag);
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

function dress() {
  const dark = settings.theme === "dark" || (settings.theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  document.documentElement.lang = settings.language;
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of document.querySelectorAll("[data-label]")) node.setAttribute("aria-label", t(node.dataset.label));
  const tools = document.getElementById("tools");
  if (tools) {
    tools.replaceChildren(
      make("button", { type: "button", lang: settings.language === "zh" ? "en" : "zh", onclick: () => choose("language", settings.language === "zh" ? "en" : "zh") }, settings.language === "zh" ? "English" : "中文"),
      make("button", { type: "button", onclick: () => choose("theme", dark ? "light" : "dark") }, dark ? t("Light") : t("Dark")),
    );
  }
}

function choose(name, value) { keep(name, value); dress(); document.dispatchEvent(new Event("dressed")); }

class Refused extends Error { constructor(status, told) { super(told.problem || String(status)); this.status = status; this.told = told; } }

async function ask(method, path, said) {
  const headers = method === "POST" ? { "Content-Type": "application/json", "X-Csrf-Token": csrf } : {};
  let answer;
  try { answer = await fetch(path, { method, headers, body: method === "POST" ? JSON.stringify(said || {}) : undefined, cache: "no-store" }); } catch { ended(); throw new Refused(0, { problem: "ended" }); }
  if (answer.status === 401) { location.reload(); throw new Refused(401, { problem: "no_session" }); }
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, told);
  return told;
}

async function begin() {
  csrf = (await ask("GET", "/session")).csrf;
  let told = 0;
  for (const kind of ["pointerdown", "keydown"]) {
    addEventListener(kind, () => { if (Date.now() - told > 20000) { told = Date.now(); ask("POST", "/here").catch(() => {}); } }, { capture: true });
  }
}

function ended() {
  const banner = document.getElementById("ended");
  if (!banner || !banner.hidden) return;
  banner.hidden = false;
  banner.textContent = t("The page has ended, or the device cannot be reached. Start the command again; what was not saved is lost.");
}

addEventListener("DOMContentLoaded", dress);
