//===- SvgHeatMap.cpp - heat maps as inline SVG ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Eval/Canvas.h"
#include "runtime/Eval/Svg.h"

#include <algorithm>
#include <cmath>

namespace xlstm {

/// From the window's colour at 0 over a neutral one to the memory's at 1.
static std::string heatColor(double value) {
  static const double stops[3][3] = {{37, 99, 235}, {226, 226, 221}, {217, 119, 6}};
  double position = std::clamp(value, 0.0, 1.0) * 2;
  int from = position < 1 ? 0 : 1;
  std::string color = "rgb(";
  for (int c = 0; c < 3; ++c) {
    double mixed = stops[from][c] + (stops[from + 1][c] - stops[from][c]) * (position - from);
    color += std::to_string(int(std::lround(mixed))) + (c < 2 ? "," : ")");
  }
  return color;
}

std::string drawHeatMap(const HeatMap &map) {
  size_t columns = 0, rows = 0;
  for (const auto &row : map.rows) {
    columns = std::max(columns, row.size());
    rows += !row.empty();
  }
  if (rows == 0)
    return "";
  constexpr double left = 58, top = 26;
  double cell = std::clamp(600.0 / double(columns), 12.0, 64.0), high = std::clamp(cell, 12.0, 30.0);
  double width = std::max(left + cell * double(columns) + 12, 330.0), height = top + high * double(rows) + 56;
  Canvas canvas(width, height, map.title, width);
  canvas.label(left, 14, map.columnLabel, "label");
  double y = top;
  for (size_t r = 0; r < map.rows.size(); ++r) {
    if (map.rows[r].empty())
      continue;
    std::string name = r < map.rowNames.size() ? map.rowNames[r] : map.rowLabel + " " + std::to_string(r);
    canvas.label(left - 7, y + high / 2 + 4, name, "tick end");
    for (size_t c = 0; c < map.rows[r].size(); ++c) {
      double value = map.rows[r][c], x = left + cell * double(c);
      if (std::isnan(value))
        continue;
      std::string number = fixedNumber(value, 2);
      canvas.rect(x + 0.5, y + 0.5, cell - 1, high - 1, "fill=\"" + heatColor(value) + "\" rx=\"2\"",
                  name + ", " + std::to_string(c) + ": " + number);
      if (cell >= 28)
        canvas.label(x + cell / 2, y + high / 2 + 4, number, std::abs(value - 0.5) > 0.3 ? "cell bright" : "cell");
    }
    y += high;
  }
  constexpr int steps = 24;
  for (int i = 0; i <= steps; ++i)
    canvas.rect(left + i * 7.0, y + 16, 7.2, 9, "fill=\"" + heatColor(double(i) / steps) + "\"",
                shortNumber(double(i) / steps));
  canvas.label(left, y + 40, "0: " + map.low, "tick");
  canvas.label(left + (steps + 1) * 7.0, y + 40, "1: " + map.high, "tick end");
  return canvas.finish();
}

} // namespace xlstm
