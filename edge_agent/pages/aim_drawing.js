// The drawing over the picture: what is drawn, undo, and handles that move by finger, mouse and arrow keys.
"use strict";
const drawing = { lines: [], points: [], zones: [], masks: [] };
const past = [], future = [];
let size = [960, 540], chosen = null, placing = null, people = [], grid = [], zonesPx = [];

const round = (value, decimals = 1) => Math.round(value * 10 ** decimals) / 10 ** decimals;
const copyOf = (value) => JSON.parse(JSON.stringify(value));

function changed(work, { again = false } = {}) {
  // `again`: one step of undo for a whole drag or for typing one number.
  if (!again) { past.push(JSON.stringify(drawing)); if (past.length > 200) past.shift(); }
  future.length = 0;
  work();
  redraw();
  document.dispatchEvent(new Event(chosen && chosen.kind === "zones" ? "drawn" : "drawing"));
}

function goBack(from, to) {
  if (!from.length) return;
  to.push(JSON.stringify(drawing));
  Object.assign(drawing, JSON.parse(from.pop()));
  chosen = placing = null;
  redraw();
  document.dispatchEvent(new Event("drawing"));
}

function freeName(start, list, key) {
  let number = 1;
  while (list.some((item) => item[key] === `${start}-${number}`)) number += 1;
  return `${start}-${number}`;
}

function scale() { return Math.max(0.05, document.getElementById("over").clientWidth / size[0]); }

function handle(kind, index, part, x, y, label) {
  const dot = 7 / scale(), hit = 22 / scale();
  const isChosen = chosen && chosen.kind === kind && chosen.index === index && chosen.part === part;
  return make("g", { class: `handle${isChosen ? " chosen" : ""}`, tabindex: 0, role: "button", "aria-label": label, "data-handle": `${kind} ${index} ${part}` },
    make("circle", { class: "hit", cx: x, cy: y, r: hit }), make("circle", { class: "dot", cx: x, cy: y, r: dot }));
}

function arrow(line) {
  // Points to where `in` leads: to the right of the line, seen from its first point.
  const dx = line.x2 - line.x1, dy = line.y2 - line.y1, length = Math.hypot(dx, dy) || 1, reach = 34 / scale();
  const mx = (line.x1 + line.x2) / 2, my = (line.y1 + line.y2) / 2, nx = -dy / length, ny = dx / length, head = 9 / scale();
  const ex = mx + nx * reach, ey = my + ny * reach;
  return `M${mx} ${my}L${ex} ${ey}M${ex - head * (nx + ny)} ${ey - head * (ny - nx)}L${ex} ${ey}L${ex - head * (nx - ny)} ${ey - head * (ny + nx)}`;
}

function label(x, y, words) { const node = make("text", { x, y }, words); node.style.fontSize = `${14 / scale()}px`; node.style.strokeWidth = `${3 / scale()}px`; return node; }

function redraw() {
  const over = document.getElementById("over"), focused = document.activeElement && document.activeElement.dataset ? document.activeElement.dataset.handle : null;
  over.setAttribute("viewBox", `0 0 ${size[0]} ${size[1]}`);
  over.replaceChildren(
    ...grid.map((run) => make("polyline", { class: "grid", points: run.map((p) => p.join(",")).join(" ") })),
    ...people.map(([x1, y1, x2, y2]) => make("rect", { class: "person", x: x1, y: y1, width: x2 - x1, height: y2 - y1 })),
    ...drawing.masks.map(drawMask), ...drawing.zones.map(drawZone), ...drawing.lines.map(drawLine), ...drawing.points.map(drawPoint), ...drawPlacing(),
  );
  if (focused) { const node = over.querySelector(`[data-handle="${focused}"]`); if (node) node.focus({ preventScroll: true }); }
}

function drawLine(line, index) {
  const ends = { x1: line.x1, y1: line.y1, x2: line.x2, y2: line.y2 }, isChosen = chosen && chosen.kind === "lines" && chosen.index === index;
  const mx = (line.x1 + line.x2) / 2, my = (line.y1 + line.y2) / 2;
  return make("g", { class: isChosen ? "chosen" : "" }, make("line", { class: "halo", ...ends }), make("path", { class: "halo", d: arrow(line) }), make("line", { class: "drawn", ...ends }),
    make("path", { class: "drawn", d: arrow(line) }), label(mx, my - 8 / scale(), line.door_id), inWord(line),
    handle("lines", index, 1, line.x1, line.y1, t("{name}, first end", { name: line.door_id })), handle("lines", index, 2, line.x2, line.y2, t("{name}, second end", { name: line.door_id })));
}

function inWord(line) {
  const dx = line.x2 - line.x1, dy = line.y2 - line.y1, length = Math.hypot(dx, dy) || 1, reach = 46 / scale();
  return label((line.x1 + line.x2) / 2 - (dy / length) * reach, (line.y1 + line.y2) / 2 + (dx / length) * reach + 5 / scale(), t("in"));
}

function drawPoint(point, index) {
  return make("g", {}, handle("points", index, 1, point.x_px, point.y_px, t("Floor point {number}", { number: index + 1 })), label(point.x_px + 9 / scale(), point.y_px - 9 / scale(), String(index + 1)));
}

function drawZone(zone, index) {
  const px = zonesPx[index], isChosen = chosen && chosen.kind === "zones" && chosen.index === index;
  if (!px || px.some((corner) => corner === null)) return "";
  const points = px.map((p) => p.join(",")).join(" ");
  return make("g", { class: isChosen ? "chosen" : "" }, make("polygon", { class: "halo", points }), make("polygon", { class: "drawn area", points }),
    label(px[0][0], px[0][1] - 8 / scale(), zone.zone_id), ...(isChosen ? px.map((p, part) => handle("zones", index, part, p[0], p[1], t("{name}, corner {number}", { name: zone.zone_id, number: part + 1 }))) : []));
}

function drawMask(mask, index) {
  const isChosen = chosen && chosen.kind === "masks" && chosen.index === index, points = mask.points.map((p) => p.join(",")).join(" ");
  return make("g", { class: `mask${isChosen ? " chosen" : ""}` }, make("polygon", { class: "halo", points }), make("polygon", { class: "drawn area", points }),
    label(mask.points[0][0], mask.points[0][1] - 8 / scale(), mask.name), ...(isChosen ? mask.points.map((p, part) => handle("masks", index, part, p[0], p[1], t("{name}, corner {number}", { name: mask.name, number: part + 1 }))) : []));
}

function drawPlacing() {
  if (!placing || !placing.taps.length) return [];
  return [make("polyline", { class: "drawn", points: placing.taps.map((p) => p.join(",")).join(" ") }),
    ...placing.taps.map(([x, y]) => make("circle", { class: "dot", cx: x, cy: y, r: 7 / scale() }))];
}

function whereOf(event) {
  const box = document.getElementById("over").getBoundingClientRect();
  const clip = (value, most) => Math.min(most, Math.max(0, value));
  return [round(clip(((event.clientX - box.left) / box.width) * size[0], size[0])), round(clip(((event.clientY - box.top) / box.height) * size[1], size[1]))];
}

function choose1(kind, index, part) { chosen = { kind, index, part }; redraw(); document.dispatchEvent(new Event("chosen")); }

function moveTo(which, x, y) {
  const cx = round(Math.min(size[0], Math.max(0, x))), cy = round(Math.min(size[1], Math.max(0, y)));
  if (which.kind === "lines") Object.assign(drawing.lines[which.index], which.part === 1 ? { x1: cx, y1: cy } : { x2: cx, y2: cy });
  else if (which.kind === "points") Object.assign(drawing.points[which.index], { x_px: cx, y_px: cy });
  else if (which.kind === "masks") drawing.masks[which.index].points[which.part] = [cx, cy];
  else zonesPx[which.index][which.part] = [cx, cy]; // Seen at once; in metres once it is settled.
}

async function settle(which) {
  if (which.kind !== "zones") return;
  const told = await ask("POST", "/metres", { points: drawing.points, places_px: [zonesPx[which.index][which.part]] }).catch(() => null);
  if (told && !told.problem && told.metres[0]) drawing.zones[which.index].corners_m[which.part] = told.metres[0];
  else say(t("A corner lies beyond the floor. Tap corners on the floor."), true);
  document.dispatchEvent(new Event("drawing"));
}

function placeOf(which) {
  if (which.kind === "lines") { const line = drawing.lines[which.index]; return which.part === 1 ? [line.x1, line.y1] : [line.x2, line.y2]; }
  if (which.kind === "masks") return drawing.masks[which.index].points[which.part];
  if (which.kind === "zones") return zonesPx[which.index][which.part];
  const point = drawing.points[which.index];
  return [point.x_px, point.y_px];
}

function nudge(dx, dy) { if (chosen) { const [x, y] = placeOf(chosen); changed(() => moveTo(chosen, x + dx, y + dy)); settle(chosen); } }

function remove(kind, index) { changed(() => { drawing[kind].splice(index, 1); chosen = null; }); }

function handleOf(event) { const node = event.target.closest && event.target.closest("[data-handle]"); if (!node) return null; const [kind, index, part] = node.dataset.handle.split(" "); return { kind, index: Number(index), part: Number(part) }; }

addEventListener("DOMContentLoaded", () => {
  const over = document.getElementById("over");
  let dragged = null, pressed = null;
  over.addEventListener("pointerdown", (event) => {
    if (placing) { pressed = [event.clientX, event.clientY]; return; }
    const which = handleOf(event);
    if (!which) return;
    event.preventDefault();
    dragged = { which, moved: false };
    over.setPointerCapture(event.pointerId);
    choose1(which.kind, which.index, which.part);
  });
  over.addEventListener("pointermove", (event) => {
    if (!dragged) return;
    const [x, y] = whereOf(event);
    changed(() => moveTo(dragged.which, x, y), { again: dragged.moved });
    dragged.moved = true;
  });
  for (const kind of ["pointerup", "pointercancel"]) over.addEventListener(kind, (event) => {
    // Not `click`: of a finger's tap a browser moves its place to the nearest button, which may be a handle beside it.
    if (placing && pressed && kind === "pointerup" && Math.hypot(event.clientX - pressed[0], event.clientY - pressed[1]) < 12) { placing.taps.push(whereOf(event)); placing.tapped(); redraw(); }
    if (dragged && dragged.moved) settle(dragged.which);
    dragged = pressed = null;
  });
  over.addEventListener("focusin", (event) => { if (placing) return; const which = handleOf(event); if (which && !dragged && !(chosen && chosen.kind === which.kind && chosen.index === which.index && chosen.part === which.part)) choose1(which.kind, which.index, which.part); });
  over.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 10 : 1, moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    if (moves[event.key] && chosen) { event.preventDefault(); nudge(...moves[event.key]); }
    if ((event.key === "Delete" || event.key === "Backspace") && chosen) { event.preventDefault(); remove(chosen.kind, chosen.index); }
  });
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && placing) { placing = null; redraw(); document.dispatchEvent(new Event("chosen")); }
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && !event.target.matches("input")) { event.preventDefault(); if (event.shiftKey) goBack(future, past); else goBack(past, future); }
  });
  addEventListener("resize", redraw);
});
