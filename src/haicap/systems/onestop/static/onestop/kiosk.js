// The machine: prints the number and goes back to the start; forgets after a minute what somebody ticked and left.
(() => {
  "use strict";
  const BACK = 8000;
  const IDLE = 60000;
  const sheet = document.querySelector("[data-print]");
  if (sheet) {
    window.print();
    setTimeout(() => location.assign(sheet.dataset.back), BACK);
  }
  const button = document.querySelector("[data-print-now]");
  if (button) button.addEventListener("click", () => window.print());

  if (!document.querySelector("[data-kiosk]")) return;
  let timer = 0;
  // only when the server answers: a page that cannot be loaded would not come back by itself
  async function anew() {
    try {
      const answer = await fetch(location.pathname, { cache: "no-store" });
      if (answer.ok) return location.replace(location.pathname);
    } catch {
      // asked again later
    }
    return wait();
  }
  function wait() {
    clearTimeout(timer);
    timer = setTimeout(anew, IDLE);
  }
  for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, wait);
  wait();
})();
