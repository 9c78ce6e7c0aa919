const entries = JSON.parse(document.getElementById("entries").textContent);
const bytes = (id) => Uint8Array.from(atob(document.getElementById(id).textContent), (c) => c.charCodeAt(0));
const host = document.getElementById("view"), view = new View(host);
function choose(i) {
  const { groups, camera } = entries[i];
  view.show({ groups, camera, home: camera, positions: new Int16Array(bytes(`p${i}`).buffer), colours: bytes(`c${i}`) });
  host.dataset.shown = i;
}
document.querySelectorAll("input[name=image]").forEach((input) => {
  input.addEventListener("change", () => choose(Number(input.value)));
});
choose(0);
