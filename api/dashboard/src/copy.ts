/** copied puts the text that a button names into the clipboard; where it may not, as off https, it is selected to be copied by hand. */
export async function copied(button: HTMLElement): Promise<void> {
  const text = document.getElementById(button.dataset.copy ?? "");
  if (!text) return;
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text.textContent ?? "");
    button.textContent = button.dataset.done ?? "";
  } else {
    getSelection()?.selectAllChildren(text);
  }
}
