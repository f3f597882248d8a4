// The planogram's editor: the floor to scale, bays and facings dragged and resized, undo and redo; the hub checks and puts in force.
(() => {
  const words = JSON.parse(document.getElementById("words").textContent);
  const SVG = "http://www.w3.org/2000/svg", STEP = 0.05, HISTORY_MAX = 200;
  const byId = (id) => document.getElementById(id);
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const snap = (metres) => Math.round(metres / STEP) * STEP, tidy = (metres) => Number(metres.toFixed(3));
  let plan = null, seen = 0, history = [], chosen = "", notes = [], past = [], ahead = [], strips = [], pace = 0.1;

  function element(kind, attributes = {}, ...children) {
    const made = kind.startsWith("svg:") ? document.createElementNS(SVG, kind.slice(4)) : document.createElement(kind);
    for (const [key, value] of Object.entries(attributes)) {
      if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else if (value !== false && value != null) made.setAttribute(key, value === true ? "" : value);
    }
    made.append(...children.filter((child) => child !== "" && child != null && child !== false));
    return made;
  }
  const button = (text, act, more = {}) => element("button", { type: "button", onclick: act, ...more }, text);

  // ---- changing, undoing

  // A field that is typed into stays as it is, so that focus goes on to the next; everything else is drawn anew.
  function change(make, typed = false) {
    past.push(JSON.stringify(plan));
    if (past.length > HISTORY_MAX) past.shift();
    ahead = [];
    make();
    notes = [words.changed];
    if (!typed) return draw();
    drawTools();
    drawFloor();
    drawLook();
    for (const redraw of strips) redraw();
  }
  function step(from, to) {
    if (!from.length) return;
    to.push(JSON.stringify(plan));
    plan = JSON.parse(from.pop());
    draw();
  }
  const bayOf = (id) => plan.bays.find((bay) => bay.bay_id === id);
  const shelves = () => plan.bays.flatMap((bay) => bay.shelves);
  const fresh = (prefix, taken) => `${prefix}${1 + [...taken.keys(), taken.length].find((before) => !taken.includes(`${prefix}${before + 1}`))}`;

  // Follows a finger or mouse on a drawing; `move(dx, dy)` in the drawing's metres since the start, `drop` once at the end. A second finger
  // takes it back: it wants to zoom.
  function drag(event, drawing, move) {
    event.preventDefault();
    event.stopPropagation();
    const before = JSON.stringify(plan), scale = drawing.viewBox.baseVal.width / drawing.getBoundingClientRect().width, start = [event.clientX, event.clientY];
    const follow = (now) => { if (now.pointerId === event.pointerId) move((now.clientX - start[0]) * scale, (now.clientY - start[1]) * scale); };
    const end = () => {
      removeEventListener("pointermove", follow);
      removeEventListener("pointerdown", second, true);
      for (const kind of ["pointerup", "pointercancel"]) removeEventListener(kind, drop);
    };
    const second = () => { end(); move(0, 0); };
    const drop = (now) => {
      if (now.pointerId !== event.pointerId) return;
      end();
      if (JSON.stringify(plan) === before) return draw();
      past.push(before);
      ahead = [];
      notes = [words.changed];
      draw();
    };
    addEventListener("pointermove", follow);
    addEventListener("pointerdown", second, true);
    for (const kind of ["pointerup", "pointercancel"]) addEventListener(kind, drop);
  }

  // ---- the floor

  const isCoarse = () => matchMedia("(pointer: coarse)").matches, isNarrow = () => matchMedia("(max-width: 1000px)").matches;
  const view = planView(byId("view"), () => drawFloor());

  function choose(id) {
    chosen = id;
    draw();
    if (bayOf(id) && (isCoarse() || isNarrow())) view.show(bayOf(id).place);
  }

  function drawFloor() {
    if (!plan) return;
    const drawing = element("svg:svg", { viewBox: `0 0 ${plan.width_m} ${plan.depth_m}`, role: "group", "aria-label": words.floor });
    drawing.append(element("svg:rect", { width: plan.width_m, height: plan.depth_m, class: "ground" }));
    for (const zone of plan.zones || []) drawing.append(element("svg:rect", { x: zone.place.x_m, y: zone.place.y_m, width: zone.place.width_m, height: zone.place.depth_m, class: "zone" }), element("svg:text", { x: zone.place.x_m + 0.1, y: zone.place.y_m + zone.place.depth_m - 0.12, "font-size": 0.22, class: "zone-name" }, zone.name));
    view.draw(drawing);
    const bays = plan.bays.filter((bay) => bay.bay_id !== chosen), above = bayOf(chosen);
    for (const bay of above ? [...bays, above] : bays) drawing.append(drawBay(bay, drawing)); // The chosen one lies on top, where its corner can be taken.
    for (const door of plan.doors || []) drawing.append(element("svg:line", { x1: door.x1_m, y1: door.y1_m, x2: door.x2_m, y2: door.y2_m, class: "door" }));
    byId("help").replaceChildren(isCoarse() ? words.help_touch : words.help);
  }

  function keepInside(place) {
    place.width_m = tidy(Math.min(Math.max(0.2, snap(place.width_m)), plan.width_m));
    place.depth_m = tidy(Math.min(Math.max(0.1, snap(place.depth_m)), plan.depth_m));
    place.x_m = tidy(Math.min(Math.max(0, snap(place.x_m)), plan.width_m - place.width_m));
    place.y_m = tidy(Math.min(Math.max(0, snap(place.y_m)), plan.depth_m - place.depth_m));
  }
  const lie = (shape, values) => { for (const [key, value] of Object.entries(values)) shape.setAttribute(key, value); };

  function drawBay(bay, drawing) {
    const place = bay.place, box = element("svg:rect"), text = element("svg:text", {}, bay.name), handle = element("svg:rect", { class: "handle" });
    const isChosen = bay.bay_id === chosen, grip = element("svg:rect", { class: "grip" });
    const group = element("svg:g", { class: `bay${isChosen ? " chosen" : ""}`, tabindex: 0, role: "button", "aria-label": bay.name, "data-bay": bay.bay_id }, box, text, handle, isChosen && isCoarse() && grip);
    const lay = () => {
      const { x_m: x, y_m: y, width_m: width, depth_m: depth } = place, middle = [x + width / 2, y + depth / 2], tall = depth > width * 1.6;
      const side = isCoarse() ? (isChosen ? Math.min(24 / view.pixelsPerMetre(), width / 2, depth) : 0) : 0.16, reach = 44 / view.pixelsPerMetre();
      lie(box, { x, y, width, height: depth });
      lie(text, { x: middle[0], y: middle[1], "font-size": Math.min(0.32, Math.max(0.16, Math.min(width, depth) / 2.6)), transform: tall ? `rotate(-90 ${middle[0]} ${middle[1]})` : "" });
      lie(handle, { x: x + width - side, y: y + depth - side, width: side, height: side });
      lie(grip, { x: x + width - reach / 2, y: y + depth - reach / 2, width: reach, height: reach });
    };
    lay();
    group.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "touch" && !isChosen) return; // A tap chooses it; what else a finger does here moves the whole plan.
      chosen = bay.bay_id;
      const start = { ...place }, resizing = event.target === handle || event.target === grip;
      drag(event, drawing, (dx, dy) => {
        Object.assign(place, start, resizing ? { width_m: start.width_m + dx, depth_m: start.depth_m + dy } : { x_m: start.x_m + dx, y_m: start.y_m + dy });
        keepInside(place);
        lay();
      });
    });
    group.addEventListener("click", () => { if (bay.bay_id !== chosen) choose(bay.bay_id); });
    group.addEventListener("keydown", (event) => {
      const by = event.shiftKey ? 0.5 : STEP, ways = { ArrowLeft: [-by, 0], ArrowRight: [by, 0], ArrowUp: [0, -by], ArrowDown: [0, by] }[event.key];
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(bay.bay_id); refocus(bay.bay_id); }
      if (!ways) return;
      event.preventDefault();
      change(() => { place.x_m += ways[0]; place.y_m += ways[1]; keepInside(place); });
      refocus(bay.bay_id);
    });
    return group;
  }
  const refocus = (id) => document.querySelector(`[data-bay="${CSS.escape(id)}"]`)?.focus();

  // Bays by name, and the zoom: for who cannot or will not hit them on the plan.
  function drawLook() {
    const names = [["", words.pick_bay], ...plan.bays.map((bay) => [bay.bay_id, bay.name])];
    const list = element("select", { "aria-label": words.bay, onchange: (event) => choose(event.target.value) }, ...names.map(([key, text]) => element("option", { value: key, selected: key === chosen }, text)));
    const zoom = (sign, label, act) => button(sign, act, { "aria-label": label, title: label });
    byId("look").replaceChildren(list, zoom("−", words.farther, view.farther), zoom("+", words.closer, view.closer), zoom("⤢", words.all, view.all));
  }

  // Moves and sizes without a drag.
  function drawPad() {
    const bay = bayOf(chosen);
    if (!bay) return byId("pad").replaceChildren();
    const by = (label, sign, values) => button(sign, () => { change(() => { for (const [key, times] of Object.entries(values)) bay.place[key] += times * pace; keepInside(bay.place); }); byId("pad").querySelector(`[aria-label="${CSS.escape(label)}"]`)?.focus(); }, { "aria-label": label, title: label });
    const paces = element("select", { "aria-label": words.pace, onchange: (event) => { pace = Number(event.target.value); } }, ...[0.05, 0.1, 0.5, 1].map((step) => element("option", { value: step, selected: step === pace }, `${Math.round(step * 100)} cm`)));
    byId("pad").replaceChildren(
      by(words.to_left, "←", { x_m: -1 }), by(words.to_right, "→", { x_m: 1 }), by(words.to_top, "↑", { y_m: -1 }), by(words.to_bottom, "↓", { y_m: 1 }),
      by(words.narrower, "↔ −", { width_m: -1 }), by(words.wider, "↔ +", { width_m: 1 }), by(words.shallower, "↕ −", { depth_m: -1 }), by(words.deeper, "↕ +", { depth_m: 1 }), paces);
  }

  // ---- the bay's panel

  function field(label, value, set, more = {}) {
    const input = element("input", { value, ...more });
    input.addEventListener("change", () => change(() => set(more.type === "checkbox" ? input.checked : more.type === "number" ? Number(input.value) : input.value), true));
    return element("label", { class: "field" }, element("span", {}, label), input);
  }
  const number = (label, value, set, more = {}) => field(label, value, set, { type: "number", step: STEP, ...more });
  function select(label, value, options, set) {
    const box = element("select", { onchange: (event) => change(() => set(event.target.value), true) }, ...options.map(([key, text]) => element("option", { value: key, selected: key === value }, text)));
    return element("label", { class: "field" }, element("span", {}, label), box);
  }

  function drawPanel() {
    const bay = bayOf(chosen);
    strips = [];
    if (!bay) return byId("panel").replaceChildren(element("p", { class: "soft" }, words.pick));
    const place = bay.place, ways = ["north", "south", "east", "west"].map((way) => [way, words[way]]);
    const fields = element("div", { class: "fields" }, field(words.name, bay.name, (value) => { bay.name = value; }),
      number(words.x, place.x_m, (value) => { place.x_m = value; }), number(words.y, place.y_m, (value) => { place.y_m = value; }),
      number(words.width, place.width_m, (value) => { place.width_m = value; }), number(words.depth, place.depth_m, (value) => { place.depth_m = value; }),
      select(words.faces, bay.faces || "south", ways, (value) => { bay.faces = value; }));
    const addShelf = () => change(() => bay.shelves.push({ shelf_id: fresh(`${bay.bay_id}-shelf-`, shelves().map((shelf) => shelf.shelf_id)), level: bay.shelves.length + 1, width_m: Math.max(place.width_m, place.depth_m), weighed: false, facings: [] }));
    const removeBay = () => change(() => { plan.bays = plan.bays.filter((one) => one !== bay); });
    byId("panel").replaceChildren(element("h2", {}, bay.name), fields, ...bay.shelves.map((shelf) => drawShelf(bay, shelf)),
      element("div", { class: "bar" }, button(words.add_shelf, addShelf), button(words.remove_bay, removeBay)));
  }

  function drawShelf(bay, shelf) {
    shelf.facings ||= [];
    const strip = element("svg:svg", { viewBox: `0 0 ${shelf.width_m} 0.24`, preserveAspectRatio: "none", class: "strip", "aria-hidden": "true" }, element("svg:rect", { width: shelf.width_m, height: 0.24, class: "ground" }));
    const redraw = () => strip.replaceChildren(strip.firstChild, ...shelf.facings.map((facing, index) => drawFacing(shelf, facing, index, strip)));
    redraw();
    strips.push(redraw);
    const free = shelf.facings.reduce((end, facing) => Math.max(end, (facing.from_m || 0) + (facing.width_m ?? 0.3)), 0);
    const add = () => change(() => shelf.facings.push({ sku: plan.products[0].sku, from_m: tidy(Math.min(free, Math.max(0, shelf.width_m - 0.2))), width_m: 0.2, capacity_units: 10, low_units: 2 }));
    const remove = () => change(() => { bay.shelves = bay.shelves.filter((one) => one !== shelf); });
    return element("section", { class: "shelf" }, element("h3", {}, fill(words.shelf, { level: shelf.level })), strip,
      element("ul", {}, ...shelf.facings.map((facing) => drawFacingFields(shelf, facing))),
      element("div", { class: "bar" }, button(words.add_facing, add), field(words.weighed, "", (value) => { shelf.weighed = value; }, { type: "checkbox", checked: shelf.weighed !== false }), button(words.remove, remove)));
  }

  function drawFacing(shelf, facing, index, strip) {
    const box = element("svg:rect", { y: 0.02, height: 0.2, class: `facing f${index % 2}` }), edge = element("svg:rect", { y: 0.02, height: 0.2, class: "handle" });
    const group = element("svg:g", {}, element("svg:title", {}, nameOf(facing.sku)), box, edge);
    const lay = () => {
      const width = facing.width_m ?? 0.3, from = facing.from_m || 0, grip = isCoarse() ? Math.min(width / 2, (24 * shelf.width_m) / (strip.clientWidth || 320)) : 0.03;
      lie(box, { x: from, width });
      lie(edge, { x: from + width - grip, width: grip });
    };
    lay();
    group.addEventListener("pointerdown", (event) => {
      const from = facing.from_m || 0, width = facing.width_m ?? 0.3, resizing = event.target === edge;
      drag(event, strip, (dx) => {
        if (resizing) facing.width_m = tidy(Math.max(STEP, Math.min(snap(width + dx), shelf.width_m - from)));
        else facing.from_m = tidy(Math.max(0, Math.min(snap(from + dx), shelf.width_m - width)));
        lay();
      });
    });
    return group;
  }
  const nameOf = (sku) => plan.products.find((product) => product.sku === sku)?.name || sku;

  // What was planned for another capacity no longer holds: the hub works it out anew where it is left out.
  function agree(facing) {
    if (facing.full_units != null && (facing.full_units <= facing.low_units || facing.full_units > facing.capacity_units)) delete facing.full_units;
    if (facing.start_units != null && facing.start_units > facing.capacity_units) delete facing.start_units;
  }

  function drawFacingFields(shelf, facing) {
    const whole = { step: 1, min: 0 };
    return element("li", {}, select(words.article, facing.sku, plan.products.map((product) => [product.sku, product.name]), (value) => { facing.sku = value; }),
      number(words.capacity, facing.capacity_units, (value) => { facing.capacity_units = value; agree(facing); }, whole), number(words.low, facing.low_units, (value) => { facing.low_units = value; agree(facing); }, whole),
      number(words.from, facing.from_m || 0, (value) => { facing.from_m = value; }), number(words.width, facing.width_m ?? 0.3, (value) => { facing.width_m = value; }),
      button(words.remove, () => change(() => { shelf.facings = shelf.facings.filter((one) => one !== facing); }), { "aria-label": `${words.remove}: ${nameOf(facing.sku)}` }));
  }

  // ---- tools, notes, versions

  function drawTools() {
    const addBay = () => {
      const id = fresh("bay-", plan.bays.map((bay) => bay.bay_id));
      change(() => plan.bays.push({ bay_id: id, name: id, place: { x_m: 0, y_m: 0, width_m: 1, depth_m: 0.5 }, faces: "south", shelves: [] }));
      choose(id);
    };
    byId("tools").replaceChildren(button(words.undo, () => step(past, ahead), { disabled: !past.length }), button(words.redo, () => step(ahead, past), { disabled: !ahead.length }),
      button(words.add_bay, addBay), button(words.check, check), button(words.force, force, { class: "main", disabled: !past.length }));
    byId("notes").replaceChildren(...notes.map((note) => element("p", { class: "banner" }, note)));
    byId("history").replaceChildren(element("h2", {}, words.history), element("ul", { class: "versions" }, ...history.map((one) => element("li", {}, element("span", {}, fill(words.version, one)),
      one.journal_id === seen ? element("span", { class: "soft" }, words.in_force) : button(words.put_back, () => put(`/plan/back?journal_id=${one.journal_id}`, ""), { "aria-label": `${words.put_back}: ${fill(words.version, one)}` })))));
  }
  function draw() {
    drawTools();
    if (!plan) return byId("panel").replaceChildren(element("p", { class: "soft" }, words.none));
    drawFloor();
    drawLook();
    drawPad();
    drawPanel();
  }

  async function send(address, body) {
    try {
      const answer = await fetch(address, { method: "POST", headers: { "content-type": "application/json", "x-seen": String(seen) }, body });
      const said = await answer.json();
      return { ok: "version" in said, ...said };
    } catch (problem) {
      return { ok: false, problems: [String(problem)] };
    }
  }
  async function check() {
    const said = await send("/plan/check", JSON.stringify(plan));
    notes = said.problems.length ? said.problems : [words.well, ...(said.advice || [])];
    draw();
  }
  const force = () => put("/plan/force", JSON.stringify(plan));
  async function put(address, body) {
    const said = await send(address, body);
    notes = said.problems;
    if (said.ok) {
      await load();
      notes = [fill(words.done, { version: said.version })];
    }
    draw();
  }
  async function load() {
    const said = await (await fetch("/plan/current")).json();
    ({ plan, seen, history } = said);
    history ||= [];
    notes = said.problems || [];
    [past, ahead] = [[], []];
    draw();
  }

  addEventListener("beforeunload", (event) => { if (past.length) event.preventDefault(); });
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || event.target.matches("input")) return;
    event.preventDefault();
    if (event.shiftKey) step(ahead, past);
    else step(past, ahead);
  });
  load();
})();
