// The aiming page: the live picture, the state of the file, and saving.
"use strict";
const COVER_WORDS = { heads: () => t("Heads"), people: () => t("Whole people"), everything: () => t("The whole picture, coarse") };
let savedDrawing = "", asking = 0;

function say(words, bad = false) { const line = document.getElementById("saved"); line.textContent = words; line.className = bad ? "red" : ""; }
function isSaved() { return JSON.stringify(drawing) === savedDrawing; }

function sentence() {
  if (!state) return t("Looking for the camera");
  if (!drawing.lines.length) return t("No door line yet: draw one across the door");
  if (floorTold.needed > 0 && state.floor_by === "points") return t("Doors are counted; the floor is not known yet");
  return t("Doors are counted, and the floor is known");
}

function frame() {
  document.getElementById("camera").textContent = state ? t("Aim {camera}", { camera: state.camera }) : "Aislewise";
  document.getElementById("state").textContent = state ? (isSaved() ? t("{file}, as saved", { file: state.file }) : t("{file}, changed and not saved", { file: state.file })) : "";
  document.getElementById("sentence").textContent = sentence();
  const buttons = { undo: [t("Undo"), !past.length], redo: [t("Redo"), !future.length], finish: [t("End the page"), false], save: [t("Save"), isSaved()] };
  for (const [id, [words, off]] of Object.entries(buttons)) { const button = document.getElementById(id); button.textContent = words; button.disabled = off; }
  document.getElementById("picture").classList.toggle("placing", Boolean(placing));
  const hints = { lines: () => t("Tap the two ends of the line"), points: () => t("Tap the spot on the floor"), zones: () => t("Tap the corners, in order around the zone"), masks: () => t("Tap the corners, in order around the mask") };
  const hint = document.getElementById("hint");
  hint.hidden = !placing;
  hint.textContent = placing ? hints[placing.kind]() : "";
  const nudges = document.getElementById("nudges");
  nudges.hidden = !chosen;
  nudges.setAttribute("aria-label", t("Move by one pixel"));
  nudges.replaceChildren(make("span", { class: "small soft" }, t("Move by one pixel")), ...[["←", -1, 0], ["↑", 0, -1], ["↓", 0, 1], ["→", 1, 0]].map(([words, dx, dy]) => make("button", { type: "button", onclick: () => { nudge(dx, dy); refresh(); } }, words)));
}

async function askFloor() {
  const number = (asking += 1);
  const told = await ask("POST", "/floor", { points: drawing.points, zones: drawing.zones }).catch(() => null);
  if (!told || told.problem === "no_picture" || number !== asking) return; // Nothing to draw on yet, or a later question is on its way.
  const known = floorTold.needed === 0 && !floorTold.problem;
  floorTold = told;
  grid = told.grid || [];
  zonesPx = told.zones_px || [];
  redraw();
  frame();
  if (tab === "zones" && known !== (told.needed === 0 && !told.problem)) refresh(); else toldOfFloor();
}

function take(told) {
  state = told;
  Object.assign(drawing, { lines: told.drawing.lines, points: told.drawing.points, zones: told.drawing.zones || [], masks: told.drawing.masks || [] });
  savedDrawing = JSON.stringify(drawing);
  if (told.size_px) size = told.size_px;
  const cover = document.getElementById("cover");
  cover.replaceChildren(...told.covers.map((name) => make("option", { value: name, selected: name === told.cover }, COVER_WORDS[name]())));
  refresh(); redraw(); frame(); askFloor();
}

async function save() {
  say(t("Saving …"));
  try {
    const told = await ask("POST", "/save", { lines: drawing.lines, points: drawing.points, zones: drawing.zones, masks: drawing.masks });
    if (told.problem) { say(t("Not saved: {reason}", { reason: `${told.field ? `${told.field}: ` : ""}${told.detail}` }), true); return; }
    savedDrawing = JSON.stringify(drawing);
    say(t("Saved to {file}. A running agent takes it at its next start.", { file: state.file }));
  } catch (error) {
    if (error.told && error.told.problem === "file_changed") say(t("Not saved: somebody else has changed the file. Reload this page to see it; your drawing is then lost."), true);
    else say(t("Not saved: {reason}", { reason: (error.told && (error.told.detail || error.told.problem)) || error.message }), true);
  }
  frame();
}

async function look() {
  const canvas = document.getElementById("canvas"), ink = canvas.getContext("2d");
  for (;;) {
    if (!document.hidden) {
      try {
        const answer = await fetch("/live.jpg", { cache: "no-store" });
        if (answer.status === 401) { location.reload(); return; }
        if (answer.ok && answer.headers.has("X-Picture")) {
          const about = JSON.parse(answer.headers.get("X-Picture"));
          const picture = await createImageBitmap(await answer.blob());
          if (canvas.width !== picture.width || canvas.height !== picture.height) { canvas.width = picture.width; canvas.height = picture.height; }
          ink.drawImage(picture, 0, 0);
          picture.close();
          const first = canvas.dataset.number === undefined;
          canvas.dataset.number = about.number;
          if (size[0] !== about.size_px[0] || size[1] !== about.size_px[1] || first) { size = about.size_px; askFloor(); }
          people = about.people;
          if (about.problem) say(about.problem, true);
        } else {
          const told = await answer.json().catch(() => ({}));
          if (told.detail) say(told.detail, true);
        }
        redraw();
      } catch { ended(); return; }
    }
    await new Promise((done) => setTimeout(done, 200));
  }
}

addEventListener("DOMContentLoaded", async () => {
  frame();
  await begin();
  take(await ask("GET", "/state"));
  document.getElementById("save").addEventListener("click", save);
  document.getElementById("undo").addEventListener("click", () => { goBack(past, future); refresh(); });
  document.getElementById("redo").addEventListener("click", () => { goBack(future, past); refresh(); });
  document.getElementById("finish").addEventListener("click", async () => { if (isSaved() || confirm(t("The drawing is not saved. End the page all the same?"))) { savedDrawing = JSON.stringify(drawing); await ask("POST", "/finish").catch(() => {}); ended(); } });
  document.getElementById("cover").addEventListener("change", (event) => ask("POST", "/cover", { cover: event.target.value }).catch((error) => say(error.message, true)));
  document.addEventListener("drawn", frame);
  document.addEventListener("drawing", () => { frame(); askFloor(); if (!document.getElementById("panel").contains(document.activeElement)) refresh(); });
  document.addEventListener("chosen", () => { frame(); if (chosen && TABS[chosen.kind] && (tab !== chosen.kind || !document.getElementById("panel").contains(document.activeElement))) { tab = chosen.kind; refresh(); } });
  document.addEventListener("dressed", () => { take0(); });
  addEventListener("keydown", (event) => { if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") { event.preventDefault(); if (!isSaved()) save(); } });
  addEventListener("beforeunload", (event) => { if (!isSaved()) event.preventDefault(); });
  look();
});

function take0() {
  const cover = document.getElementById("cover");
  for (const option of cover.options) option.textContent = COVER_WORDS[option.value]();
  refresh(); redraw(); frame();
}
