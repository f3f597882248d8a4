// The lists beside the picture: every line, point and zone with its numbers, for fingers and for keyboards.
"use strict";
let tab = "lines", floorTold = { needed: 4, errors_m: [], grid: [] }, state = null;
const KINDS = ["aisle", "entrance", "queue", "till", "reach", "staff", "other"];
const KIND_WORDS = { aisle: () => t("aisle"), entrance: () => t("entrance"), queue: () => t("queue"), till: () => t("till"), reach: () => t("within reach of a shelf"), staff: () => t("staff, not counted"), other: () => t("other") };
const TABS = { lines: () => t("Door lines"), points: () => t("Floor"), zones: () => t("Zones"), masks: () => t("Masks") };

function metres(value) { return value === null || value === undefined ? "?" : value < 1 ? t("{cm} cm", { cm: Math.round(value * 100) }) : t("{m} m", { m: value.toFixed(2) }); }

function numberField(words, value, set, step = 1) {
  let typed = false;
  const input = make("input", { type: "number", step, value, inputmode: "decimal", "aria-label": words });
  input.addEventListener("input", () => {
    const number = Number(input.value), right = input.value !== "" && Number.isFinite(number);
    input.setAttribute("aria-invalid", right ? "false" : "true");
    if (right) { changed(() => set(number), { again: typed }); typed = true; }
  });
  return make("label", {}, words, input);
}

function nameField(words, value, list, key, index) {
  const input = make("input", { value, maxlength: 64, spellcheck: "false", autocapitalize: "off", "aria-label": words });
  input.addEventListener("change", () => {
    const wanted = input.value.trim(), taken = list.some((item, other) => other !== index && item[key] === wanted);
    const right = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(wanted) && !taken;
    input.setAttribute("aria-invalid", right ? "false" : "true");
    if (right) changed(() => { list[index][key] = wanted; });
    else say(taken ? t("This name is there already.") : t("A name has letters, digits, '.', '_' and '-', no space."), true);
  });
  return make("label", {}, words, input);
}

function rowOf(kind, index, ...children) {
  const row = make("div", { class: `row${chosen && chosen.kind === kind && chosen.index === index ? " chosen" : ""}` }, ...children);
  row.addEventListener("focusin", () => { if (!chosen || chosen.kind !== kind || chosen.index !== index) { chosen = { kind, index, part: kind === "zones" || kind === "masks" ? 0 : 1 }; redraw(); for (const other of row.parentNode.children) other.classList.toggle("chosen", other === row); } });
  return row;
}

function startPlacing(kind, taps, tapped) { placing = { kind, taps: [], wanted: taps, tapped }; chosen = null; redraw(); document.dispatchEvent(new Event("chosen")); }

function addLine(event) {
  const add = (a, b) => { placing = null; changed(() => drawing.lines.push({ door_id: freeName("door", drawing.lines, "door_id"), x1: a[0], y1: a[1], x2: b[0], y2: b[1] })); choose1("lines", drawing.lines.length - 1, 2); refresh(); };
  if (event.detail === 0) { add([round(size[0] * 0.35), round(size[1] * 0.6)], [round(size[0] * 0.65), round(size[1] * 0.6)]); return; } // By keyboard: in the middle, to be moved by arrows.
  startPlacing("lines", 2, () => { if (placing.taps.length === 2) add(...placing.taps); });
}

function addPoint(event) {
  const add = (at) => { placing = null; changed(() => drawing.points.push({ x_px: at[0], y_px: at[1], x_m: 0, y_m: 0 })); choose1("points", drawing.points.length - 1, 1); refresh(); };
  if (event.detail === 0) { add([round(size[0] / 2), round(size[1] * 0.7)]); return; }
  startPlacing("points", 1, () => add(placing.taps[0]));
}

// By keyboard there is nothing to tap with: a shape is put into the middle, and its corners are moved by the arrows.
function middle() { return [[0.4, 0.6], [0.6, 0.6], [0.65, 0.75], [0.35, 0.75]].map(([x, y]) => [round(x * size[0]), round(y * size[1])]); }

function addShape(event, kind, close) {
  startPlacing(kind, 0, () => refresh());
  if (event.detail === 0) { placing.taps = middle(); close(); } else refresh();
}

function addZone(event) { addShape(event, "zones", closeZone); }
function addMask(event) { addShape(event, "masks", closeMask); }

async function closeZone() {
  const taps = placing.taps;
  placing = null;
  const told = await ask("POST", "/metres", { points: drawing.points, places_px: taps }).catch(() => null);
  if (!told || told.problem || told.metres.some((place) => place === null)) { say(t("A corner lies beyond the floor. Tap corners on the floor."), true); refresh(); return; }
  changed(() => drawing.zones.push({ zone_id: freeName("zone", drawing.zones, "zone_id"), kind: "other", corners_m: told.metres }));
  chosen = { kind: "zones", index: drawing.zones.length - 1, part: 0 };
  refresh();
}

function linesPanel() {
  return [
    make("p", { class: "small soft" }, t("Draw a line on the floor across each door. The arrow shows which way is in; swap the ends if it points out.")),
    make("button", { type: "button", class: "main", onclick: addLine }, t("Add a line")),
    drawing.lines.length ? null : make("p", { class: "soft" }, t("No line yet: nobody is counted.")),
    make("div", { class: "rows" }, ...drawing.lines.map((line, index) => rowOf("lines", index, nameField(t("Door"), line.door_id, drawing.lines, "door_id", index),
      make("span", { class: "bar" },
        make("button", { type: "button", "aria-label": t("Swap in and out of {name}", { name: line.door_id }), onclick: () => { changed(() => Object.assign(line, { x1: line.x2, y1: line.y2, x2: line.x1, y2: line.y1 })); refresh(); } }, "⇄"),
        make("button", { type: "button", "aria-label": t("Remove {name}", { name: line.door_id }), onclick: () => { remove("lines", index); refresh(); } }, "✕")),
      make("div", { class: "numbers" }, ...["x1", "y1", "x2", "y2"].map((key) => numberField(`${key}, px`, line[key], (value) => { line[key] = value; })))))),
  ];
}

function pointsPanel() {
  if (state && state.floor_by !== "points") return [make("p", {}, t("The floor is calibrated by {key} in the file; its grid is shown. Remove that key to click points instead.", { key: state.floor_by }))];
  return [
    make("p", { class: "small soft" }, t("Mark four or more spots of the floor whose place on the plan you know, far apart, not three on one line. Then choose one here and tap its place on the plan, or type its metres.")),
    make("p", { id: "residual", role: "status" }, floorSentence()),
    make("button", { type: "button", class: "main", onclick: addPoint }, t("Add a point")),
    planPicture(),
    make("div", { class: "rows" }, ...drawing.points.map((point, index) => rowOf("points", index,
      make("span", { class: "small" }, make("strong", {}, t("Point {number}", { number: index + 1 })), make("span", { class: "soft", "data-error": index }, errorWords(index))),
      make("button", { type: "button", "aria-label": t("Remove point {number}", { number: index + 1 }), onclick: () => { remove("points", index); refresh(); } }, "✕"),
      make("div", { class: "numbers" }, numberField("x, px", point.x_px, (v) => { point.x_px = v; }), numberField("y, px", point.y_px, (v) => { point.y_px = v; }),
        numberField("x, m", point.x_m, (v) => { point.x_m = v; }, 0.01), numberField("y, m", point.y_m, (v) => { point.y_m = v; }, 0.01))))),
  ];
}

function errorWords(index) { const error = floorTold.errors_m[index]; return error === undefined ? "" : ` · ${t("missed by {error}", { error: metres(error) })}`; }

function floorSentence() {
  if (floorTold.problem) return floorTold.detail || floorTold.problem;
  if (floorTold.needed > 0) return t("{count} more points are needed before the floor is known.", { count: floorTold.needed });
  if (drawing.points.length === 4) return t("Four points fit any picture, right or wrong: add a fifth to see the error.");
  const worst = Math.max(...(floorTold.left_out_m || []).filter((error) => error !== null), 0);
  return t("The points are missed by up to {fitted}; a spot without a point by about {left_out}.", { fitted: metres(floorTold.residual_m), left_out: metres(worst) });
}

function planPicture() {
  const wide = Math.max(10, ...drawing.points.map((p) => p.x_m + 1), ...drawing.zones.flatMap((z) => z.corners_m.map((c) => c[0] + 1)));
  const deep = Math.max(8, ...drawing.points.map((p) => p.y_m + 1), ...drawing.zones.flatMap((z) => z.corners_m.map((c) => c[1] + 1)));
  const w = Math.ceil(wide), d = Math.ceil(deep), cells = [];
  for (let x = 0; x <= w; x += 1) cells.push(make("line", { class: "cell", x1: x, y1: 0, x2: x, y2: d }));
  for (let y = 0; y <= d; y += 1) cells.push(make("line", { class: "cell", x1: 0, y1: y, x2: w, y2: y }));
  const words = (x, y, text) => { const node = make("text", { x, y }, text); node.style.fontSize = `${w / 26}px`; node.style.strokeWidth = `${w / 130}px`; return node; };
  const svg = make("svg", { viewBox: `-0.5 -0.5 ${w + 1} ${d + 1}`, role: "img", "aria-label": t("Plan: tap where the chosen point is") }, ...cells,
    ...drawing.zones.map((zone) => make("polygon", { class: "area", points: zone.corners_m.map((c) => c.join(",")).join(" ") })),
    ...drawing.points.flatMap((p, index) => [make("circle", { class: "dot", cx: p.x_m, cy: p.y_m, r: w / 60 }), words(p.x_m + w / 60, p.y_m - w / 80, String(index + 1))]), words(0.1, d - 0.15, t("{w} × {d} m, a square is 1 m", { w, d })));
  svg.addEventListener("click", (event) => {
    if (!chosen || chosen.kind !== "points") { say(t("Choose a point first."), true); return; }
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    changed(() => Object.assign(drawing.points[chosen.index], { x_m: Math.max(0, round(at.x, 2)), y_m: Math.max(0, round(at.y, 2)) }));
    refresh();
  });
  return make("div", { class: "plan" }, svg);
}

function zonesPanel() {
  if (floorTold.needed > 0 || floorTold.problem) return [make("p", { class: "soft" }, t("Zones lie on the floor: give it four points first."))];
  return [
    make("p", { class: "small soft" }, t("Tap the corners of a part of the floor in the picture, in order around it. It is kept in metres.")),
    placing && placing.kind === "zones"
      ? make("div", { class: "bar" }, make("button", { type: "button", class: "main", disabled: placing.taps.length < 3, onclick: closeZone }, t("Close the zone")), make("button", { type: "button", onclick: () => { placing = null; redraw(); refresh(); } }, t("Cancel")))
      : make("button", { type: "button", class: "main", onclick: addZone }, t("Add a zone")),
    drawing.zones.length ? null : make("p", { class: "soft" }, t("No zone yet.")),
    make("div", { class: "rows" }, ...drawing.zones.map((zone, index) => rowOf("zones", index, nameField(t("Zone"), zone.zone_id, drawing.zones, "zone_id", index),
      make("button", { type: "button", "aria-label": t("Remove {name}", { name: zone.zone_id }), onclick: () => { remove("zones", index); refresh(); } }, "✕"),
      make("label", { class: "wide" }, t("Kind"), make("select", { onchange: (event) => changed(() => { zone.kind = event.target.value; }) }, ...KINDS.map((kind) => make("option", { value: kind, selected: kind === zone.kind }, KIND_WORDS[kind]()))))))),
  ];
}

function closeMask() {
  const points = placing.taps;
  placing = null;
  changed(() => drawing.masks.push({ name: freeName("mask", drawing.masks, "name"), points }));
  chosen = { kind: "masks", index: drawing.masks.length - 1, part: 0 };
  redraw();
  refresh();
}

function masksPanel() {
  return [
    make("p", { class: "small soft" }, t("Tap the corners of a part of the picture in which nobody is to be counted: a mannequin, a screen, the street. Whose feet are in it is ignored.")),
    placing && placing.kind === "masks"
      ? make("div", { class: "bar" }, make("button", { type: "button", class: "main", disabled: placing.taps.length < 3, onclick: closeMask }, t("Close the mask")), make("button", { type: "button", onclick: () => { placing = null; redraw(); refresh(); } }, t("Cancel")))
      : make("button", { type: "button", class: "main", onclick: addMask }, t("Add a mask")),
    drawing.masks.length ? null : make("p", { class: "soft" }, t("No mask yet.")),
    make("div", { class: "rows" }, ...drawing.masks.map((mask, index) => rowOf("masks", index, nameField(t("Mask"), mask.name, drawing.masks, "name", index),
      make("button", { type: "button", "aria-label": t("Remove {name}", { name: mask.name }), onclick: () => { remove("masks", index); refresh(); } }, "✕")))),
  ];
}

const PANELS = { lines: linesPanel, points: pointsPanel, zones: zonesPanel, masks: masksPanel };

function refresh() {
  document.getElementById("tabs").replaceChildren(...Object.keys(TABS).filter((name) => name === "lines" || name === "points" || (state && state[name])).map((name) => make("button", { type: "button", role: "tab", "aria-selected": name === tab ? "true" : "false",
    onclick: () => { tab = name; placing = null; chosen = null; refresh(); redraw(); } }, TABS[name]())));
  document.getElementById("panel").replaceChildren(...PANELS[tab]().filter(Boolean));
  toldOfFloor();
}

function toldOfFloor() {
  const residual = document.getElementById("residual");
  if (residual) residual.textContent = floorSentence();
  for (const node of document.querySelectorAll("[data-error]")) node.textContent = errorWords(Number(node.dataset.error));
}
