//===- Svg.h - bars, lines and heat maps as inline SVG --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Colours and fonts come from classes that the page's style sheet defines (s0 ... s7, grid, axis, label, ...), so that
// one picture serves light and dark. Every function returns one <svg> element.

#ifndef XLSTM_RUNTIME_EVAL_SVG_H
#define XLSTM_RUNTIME_EVAL_SVG_H

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace xlstm {

/// The colour of series `index`: "s0" to "s7", then from the start again.
std::string seriesClass(size_t index);

struct BarChart {
  std::string title;               // what a reader who cannot see it is told
  std::vector<std::string> groups; // along the x axis
  struct Series {
    std::string name;
    size_t color;
    std::vector<double> values; // a group each; NaN: no bar
    std::vector<double> errors; // half the length of an error bar; may be empty
  };
  std::vector<Series> series;
  std::string unit; // beside the y axis
  int digits = 2;   // of the numbers at the bars
};
std::string drawBars(const BarChart &chart);

struct LineChart {
  std::string title, xLabel, yLabel;
  struct Series {
    std::string name;
    size_t color;
    std::vector<std::pair<double, double>> points; // in order of x
    bool faint = false;                            // drawn thin: raw values behind a smoothed line
    bool dots = false;                             // marks at the points
  };
  std::vector<Series> series;
  bool fromZero = false; // the y axis begins at 0
  bool small = false;    // half the width
  // An upright line with a word, and a band of x around it.
  std::optional<double> marker = std::nullopt;
  std::string markerLabel = {};
  size_t markerColor = 0;
  std::optional<std::pair<double, double>> band = std::nullopt;
};
std::string drawLines(const LineChart &chart);

/// Values in 0 ... 1, one row of cells each; rows may differ in length, an empty one is left out, and so is a NaN.
struct HeatMap {
  std::string title, rowLabel, columnLabel;
  std::vector<std::vector<double>> rows = {};
  std::vector<std::string> rowNames = {};      // empty: counted from 0
  std::string low = "window", high = "memory"; // what 0 and 1 mean
};
std::string drawHeatMap(const HeatMap &map);

/// Round numbers from below `low` to above `high`, about `count` of them. Equal bounds are widened.
std::vector<double> roundTicks(double low, double high, int count);

} // namespace xlstm

#endif // XLSTM_RUNTIME_EVAL_SVG_H
