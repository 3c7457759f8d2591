// Runs before the page is painted, so that a chosen theme does not flash. Without scripts the
// system's own choice holds.
const chosen = localStorage.getItem("theme");
if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
