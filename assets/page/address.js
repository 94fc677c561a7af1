// The address: what a link to this page brings back.

const query = location.search; // as it was when the page came
const asked = new URLSearchParams(query);

/** The query of the address that the page was opened with. */
export const readQuery = () => query;

/** Say in the address bar where the visitor is, so that it can be shared; null leaves out. */
export function setAddress(changes) {
  const address = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) address.delete(name);
    else address.set(name, value);
  }
  history.replaceState(history.state, "", `${location.pathname}?${address}`);
}

/** Ask the server for what a link of ours asks for; an address of nobody's making asks nothing. */
export function restore() {
  if (["tab", "sample", "model", "with"].some((name) => asked.has(name))) {
    document.querySelector("#restore").click();
  }
}

/** The cycle that the link asks for, once, where what is drawn is what it asks for; else 0. */
export function takeCycle(address) {
  const isIt = ["sample", "model", "with"].every(
    (name) => !asked.has(name) || asked.get(name) === address[name],
  );
  const cycle = isIt ? Number(asked.get("cycle")) : 0;
  if (cycle) asked.delete("cycle");
  return Math.max(0, cycle);
}

/** Copy the address; the button says so. What visitors brought is not in it, and it says that. */
export async function copyLink() {
  const button = document.querySelector("#copy-link");
  const words = button.textContent;
  const whole = new URLSearchParams(location.search).has("sample");
  try {
    await navigator.clipboard.writeText(location.href);
    button.textContent = whole ? "Copied" : "Copied, without your own files";
  } catch {
    window.prompt("Copy this link", location.href); // where a page may not use the clipboard
  }
  setTimeout(() => (button.textContent = words), 2500);
}
