// A button beside lines to paste. The clipboard needs https or this machine: elsewhere the text is
// selected instead, ready for the keyboard.
export function addCopyButtons() {
  for (const block of document.querySelectorAll("[data-copy]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", () => copy(block.querySelector("code"), button));
    block.append(button);
  }
}

async function copy(code, button) {
  let said = "Copied";
  try {
    await navigator.clipboard.writeText(code.textContent);
  } catch {
    getSelection().selectAllChildren(code);
    said = "Selected";
  }
  button.textContent = said;
  setTimeout(() => { button.textContent = "Copy"; }, 1600);
}
