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

  // The chart above a button as a picture, twice as fine as it is shown, on the page's own ground.
  function savePng(button) {
    const drawn = button.closest(".card")?.querySelector(".chart svg");
    if (!drawn) return;
    const { width, height } = drawn.getBoundingClientRect();
    const image = new Image(), canvas = Object.assign(document.createElement("canvas"), { width: 2 * width, height: 2 * height });
    image.onload = () => {
      const pen = canvas.getContext("2d");
      pen.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--card");
      pen.fillRect(0, 0, canvas.width, canvas.height);
      pen.drawImage(image, 0, 0, canvas.width, canvas.height);
      Object.assign(document.createElement("a"), { href: canvas.toDataURL("image/png"), download: `${button.dataset.png}.png` }).click();
    };
    const copy = drawn.cloneNode(true);
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
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
