// Copying a key. The page works without this: the field can be selected by hand.
"use strict";

const toast = document.getElementById("toast");
let timer = 0;

function tell(text) {
  toast.textContent = text;
  toast.classList.add("shown");
  clearTimeout(timer);
  timer = setTimeout(() => toast.classList.remove("shown"), 2500);
}

async function copy(field) {
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    // Over plain HTTP there is no clipboard interface; the old command still works there.
    if (!document.execCommand("copy")) {
      tell("Press Ctrl+C to copy the key");
      return;
    }
  }
  tell("API key copied to clipboard");
}

for (const button of document.querySelectorAll("[data-copy]")) {
  const field = document.getElementById(button.dataset.copy);
  button.hidden = false;
  button.addEventListener("click", () => copy(field));
  field.addEventListener("focus", () => field.select());
  field.select();
}
