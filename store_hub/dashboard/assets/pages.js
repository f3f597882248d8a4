// Light or dark before the first paint, the reader's choices in cookies, and the keyboard: 1 to 9 for pages, / for search, Escape to close.
(() => {
  const year = 31536000;
  const cookie = (name) => decodeURIComponent((document.cookie.match(new RegExp(`(?:^|; )${name}=([^;]*)`)) || [])[1] || "");
  const keep = (name, value) => (document.cookie = `${name}=${encodeURIComponent(value)}; max-age=${year}; path=/; SameSite=Lax`);
  const wantsDark = matchMedia("(prefers-color-scheme: dark)");

  function paint() {
    const chosen = cookie("aislewise_theme");
    document.documentElement.dataset.theme = chosen === "light" || chosen === "dark" ? chosen : wantsDark.matches ? "dark" : "light";
  }
  paint();
  wantsDark.addEventListener("change", paint);

  function saveCanvas(canvas, name) {
    Object.assign(document.createElement("a"), { href: canvas.toDataURL("image/png"), download: `${name}.png` }).click();
  }

  // The chart above a button as a picture, twice as fine as it is shown, on the page's own ground.
  function savePng(button) {
    const card = button.closest(".card"), plan = card?.querySelector(".plan");
    if (plan) return saveCanvas(drawPlan(card, plan), button.dataset.png);
    const drawn = card?.querySelector(".chart svg");
    if (!drawn) return;
    const { width, height } = drawn.getBoundingClientRect();
    const image = new Image(), canvas = Object.assign(document.createElement("canvas"), { width: 2 * width, height: 2 * height });
    image.onload = () => {
      const pen = canvas.getContext("2d");
      pen.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--card");
      pen.fillRect(0, 0, canvas.width, canvas.height);
      pen.drawImage(image, 0, 0, canvas.width, canvas.height);
      saveCanvas(canvas, button.dataset.png);
    };
    const copy = drawn.cloneNode(true);
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
  }

  // The plan with its heat, names, doors and legend, under the page's own sentence and time; a length here is one pixel of the page.
  function drawPlan(card, plan) {
    const EDGE = 16, HEAD = 72, FOOT = 48, FINE = 2, { width, height, left, top } = plan.getBoundingClientRect();
    const canvas = Object.assign(document.createElement("canvas"), { width: FINE * (width + 2 * EDGE), height: FINE * (height + HEAD + FOOT) });
    const pen = canvas.getContext("2d"), colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
    const font = (size, weight = 400) => (pen.font = `${weight} ${size}px system-ui, "Noto Sans CJK SC", sans-serif`);
    const box = (one) => { const at = one.getBoundingClientRect(); return [at.left - left + EDGE, at.top - top + HEAD, at.width, at.height]; };
    const label = (one, ink, ground) => {
      if (!one.getClientRects().length) return; // Too small to be shown on the page, either.
      const [x, y, w, h] = box(one);
      if (ground) { pen.fillStyle = ground; pen.fillRect(x, y, w, h); }
      pen.fillStyle = ink;
      pen.textAlign = "center";
      pen.fillText(one.innerText.trim(), x + w / 2, y + h / 2, w);
    };
    pen.scale(FINE, FINE);
    pen.textBaseline = "middle";
    pen.fillStyle = colour("card");
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.fillStyle = colour("ink");
    font(18, 650);
    pen.fillText(document.querySelector("h1").textContent, EDGE, 26, width);
    font(13);
    pen.fillText([document.querySelector(".shop").textContent, document.querySelector("h1 + p")?.textContent].filter(Boolean).join(" · "), EDGE, 52, width);
    pen.fillStyle = colour(plan.classList.contains("unseen") ? "pale" : "glass");
    pen.fillRect(EDGE, HEAD, width, height);
    const heat = plan.querySelector("img");
    if (heat) pen.drawImage(heat, ...box(heat));
    pen.strokeStyle = colour("soft");
    pen.strokeRect(EDGE, HEAD, width, height);
    for (const zone of plan.querySelectorAll(".zone")) {
      pen.setLineDash([4, 4]);
      pen.strokeRect(...box(zone));
      label(zone.firstElementChild, colour("ink"), colour("card"));
    }
    pen.setLineDash([]);
    for (const stand of plan.querySelectorAll(".stand")) {
      pen.fillStyle = colour("card");
      pen.fillRect(...box(stand));
      pen.strokeRect(...box(stand));
      label(stand.firstElementChild, colour("ink"));
    }
    const lines = plan.querySelector("svg"), scale = width / (lines?.viewBox.baseVal.width || 1);
    pen.strokeStyle = colour("blue");
    pen.lineWidth = 5;
    for (const line of lines?.querySelectorAll("line") || []) {
      pen.beginPath();
      pen.moveTo(EDGE + scale * line.x1.baseVal.value, HEAD + scale * line.y1.baseVal.value);
      pen.lineTo(EDGE + scale * line.x2.baseVal.value, HEAD + scale * line.y2.baseVal.value);
      pen.stroke();
    }
    for (const door of plan.querySelectorAll(".door")) label(door, colour("blue"), colour("blue-ground"));
    drawRamp(pen, card.querySelector(".ramp"), EDGE, HEAD + height + FOOT / 2, colour("soft"));
    return canvas;
  }

  function drawRamp(pen, ramp, x, y, ink) {
    if (!ramp) return;
    const [zero, end] = ramp.querySelectorAll("span"), stops = getComputedStyle(ramp.querySelector("i")).backgroundImage.match(/rgba?\([^)]*\)/g), WIDE = Math.min(200, pen.canvas.width / 4);
    const colours = pen.createLinearGradient(x + 16, 0, x + 16 + WIDE, 0);
    stops.forEach((stop, index) => colours.addColorStop(index && 0.08 + (0.92 * (index - 1)) / (stops.length - 2), stop));
    pen.fillStyle = colours;
    pen.fillRect(x + 16, y - 6, WIDE, 12);
    pen.fillStyle = ink;
    pen.textAlign = "left";
    pen.fillText(zero.textContent, x, y);
    pen.fillText(end.textContent, x + WIDE + 24, y);
  }

  // On a phone the pages beyond the bar's four are in a sheet above it.
  const sheet = (open) => document.querySelector("[data-more]")?.setAttribute("aria-expanded", String(open));
  const isSheetOpen = () => document.querySelector("[data-more]")?.getAttribute("aria-expanded") === "true";
  document.addEventListener("focusin", (event) => {
    if (isSheetOpen() && !event.target.closest?.("li.more")) sheet(false);
  });

  document.addEventListener("click", (event) => {
    sheet(Boolean(event.target.closest?.("[data-more]")) && !isSheetOpen());
    const choice = event.target.closest?.("[data-theme-choice],[data-language-choice]");
    if (choice?.dataset.themeChoice) {
      keep("aislewise_theme", choice.dataset.themeChoice);
      for (const other of document.querySelectorAll("[data-theme-choice]")) other.setAttribute("aria-pressed", String(other === choice));
      paint();
      window.emitEvent?.("aislewise-theme", choice.dataset.themeChoice); // The hub sends the charts anew, in the new colours.
    } else if (choice?.dataset.languageChoice) {
      keep("aislewise_language", choice.dataset.languageChoice);
      location.reload();
    }
    const png = event.target.closest?.("[data-png]");
    if (png) savePng(png);
    const tools = document.querySelector("details.tools[open]");
    if (tools && !tools.contains(event.target)) tools.open = false;
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("[data-name-choice]")) {
      keep("aislewise_name", event.target.value.trim().slice(0, 40));
      location.reload();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.matches?.("input, textarea, select");
    if (event.key === "Escape") {
      const tools = document.querySelector("details.tools[open]");
      if (tools) {
        tools.open = false;
        tools.querySelector("summary").focus();
      } else if (isSheetOpen()) {
        sheet(false);
        document.querySelector("[data-more]").focus();
      } else document.querySelector("[data-escape]")?.click();
      if (typing) event.target.blur();
      return;
    }
    if (typing) return;
    if (event.key === "/") {
      const search = document.querySelector("[data-search]");
      event.preventDefault();
      if (search) search.focus();
      else location.href = "/shelves?find=";
    } else if (/^[0-9]$/.test(event.key)) document.querySelectorAll("nav a")[(Number(event.key) + 9) % 10]?.click();
  });
})();
