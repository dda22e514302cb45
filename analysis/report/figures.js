// Draws every figure, and draws it again in the right colours when light or dark changes.
(function () {
  "use strict";
  if (!window.Plotly) return;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const config = { responsive: true, displayModeBar: false };

  const PAPER_WIDTH = 660; // CSS pixels between the margins of a portrait page

  const NARROW = 560; // CSS pixels; below, a legend beside the plot leaves no room for it

  function themed(layout, isDark, width, space) {
    const ink = isDark ? "#e4e9f0" : "#1b2430";
    const line = isDark ? "#2b3542" : "#dfe5ec";
    const axis = { gridcolor: line, zerolinecolor: line, linecolor: line, automargin: true };
    return Object.assign({}, layout, {
      autosize: !width,
      width: width,
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: ink, size: 12, family: getComputedStyle(document.body).fontFamily },
      margin: Object.assign({ l: 60, r: 24, t: 16, b: 48 }, layout.margin),
      legend: layout.legend || (space < NARROW ? { orientation: "h", x: 0, y: 0, yanchor: "bottom", yref: "container" } : {}),
      hoverlabel: { bgcolor: isDark ? "#1a212b" : "#ffffff", bordercolor: line, font: { color: ink }, align: "left" },
      xaxis: Object.assign({}, axis, layout.xaxis),
      yaxis: Object.assign({}, axis, layout.yaxis),
      annotations: (layout.annotations || []).map(function (a) {
        const own = a.bgcolor ? { bgcolor: isDark ? "#12171e" : "#ffffff" } : {};
        return Object.assign({}, a, own, { font: Object.assign({}, a.font, { color: ink }) });
      }),
    });
  }

  function draw(isDark, width) {
    document.querySelectorAll("script[data-plot]").forEach(function (source) {
      const figure = JSON.parse(source.textContent);
      const space = width || document.getElementById(source.dataset.plot).clientWidth;
      const layout = themed(figure.layout, isDark, width, space);
      window.Plotly.react(source.dataset.plot, figure.data, layout, config);
    });
  }

  draw(dark.matches);
  dark.addEventListener("change", function () { draw(dark.matches); });
  window.addEventListener("beforeprint", function () { draw(false, PAPER_WIDTH); });
  window.addEventListener("afterprint", function () { draw(dark.matches); });
})();
