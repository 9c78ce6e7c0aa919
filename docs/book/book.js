// Code and tables that are wider than their column are scrolled by keyboard, too; those that fit are no stop of the Tab key.
const scrollers = document.querySelectorAll("pre, .table-wrapper, .cell_output .output, mjx-container");

function fit() {
  for (const one of scrollers) {
    if (one.scrollWidth > one.clientWidth + 1) one.tabIndex = 0;
    else one.removeAttribute("tabindex");
  }
}

addEventListener("load", fit);
addEventListener("resize", fit);
