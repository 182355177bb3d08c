document.documentElement.dataset.theme = localStorage.getItem("galmass-theme") ??
  (matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark")
