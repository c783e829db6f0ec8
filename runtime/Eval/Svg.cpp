//===- Svg.cpp - bars, lines and heat maps as inline SVG ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Eval/Svg.h"

#include "runtime/Eval/Text.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace xlstm {

std::string seriesClass(size_t index) { return "s" + std::to_string(index % 8); }

std::vector<double> roundTicks(double low, double high, int count) {
  if (!(high > low)) {
    double widen = low == 0 ? 1 : std::abs(low) * 0.1;
    low -= widen;
    high += widen;
  }
  double raw = (high - low) / count, power = std::pow(10, std::floor(std::log10(raw)));
  double step = power * 10;
  for (double factor : {1.0, 2.0, 2.5, 5.0})
    if (raw <= factor * power * (1 + 1e-9)) {
      step = factor * power;
      break;
    }
  std::vector<double> ticks;
  double first = std::floor(low / step + 1e-9), last = std::ceil(high / step - 1e-9);
  for (double i = first; i <= last; ++i)
    ticks.push_back(i * step);
  return ticks;
}

namespace {

/// A rectangle on the page that stands for a range of values.
struct Frame {
  double left, top, right, bottom;
  double xLow = 0, xHigh = 1, yLow = 0, yHigh = 1;

  double x(double value) const { return left + (value - xLow) / (xHigh - xLow) * (right - left); }
  double y(double value) const { return bottom - (value - yLow) / (yHigh - yLow) * (bottom - top); }
};

/// Collects elements; coordinates are written with one decimal.
class Canvas {
public:
  /// Shown as wide as its place, but at most `widest` pixels (0: no bound).
  Canvas(double width, double height, const std::string &title, double widest = 0)
      : text("<svg viewBox=\"0 0 " + at(width) + " " + at(height) + "\" role=\"img\"" +
             (widest > 0 ? " style=\"max-width:" + at(widest) + "px\"" : "") +
             " xmlns=\"http://www.w3.org/2000/svg\"><title>" + escapeHtml(title) + "</title>") {}

  static std::string at(double coordinate) { return fixedNumber(coordinate, 1); }

  void line(double x1, double y1, double x2, double y2, const std::string &cls) {
    text += "<line class=\"" + cls + "\" x1=\"" + at(x1) + "\" y1=\"" + at(y1) + "\" x2=\"" + at(x2) + "\" y2=\"" +
            at(y2) + "\"/>";
  }
  /// `tip` is shown when the pointer rests on it.
  void rect(double x, double y, double width, double height, const std::string &attributes, const std::string &tip) {
    text += "<rect " + attributes + " x=\"" + at(x) + "\" y=\"" + at(y) + "\" width=\"" + at(width) + "\" height=\"" +
            at(height) + "\"><title>" + escapeHtml(tip) + "</title></rect>";
  }
  void label(double x, double y, const std::string &content, const std::string &cls, bool upright = false) {
    std::string turn = upright ? " transform=\"rotate(-90 " + at(x) + " " + at(y) + ")\"" : "";
    text += "<text class=\"" + cls + "\" x=\"" + at(x) + "\" y=\"" + at(y) + "\"" + turn + ">" + escapeHtml(content) +
            "</text>";
  }
  void polyline(const std::vector<std::pair<double, double>> &points, const std::string &cls) {
    text += "<polyline class=\"" + cls + "\" points=\"";
    for (auto [x, y] : points)
      text += at(x) + "," + at(y) + " ";
    text += "\"/>";
  }
  void dot(double x, double y, const std::string &cls, const std::string &tip) {
    text += "<circle class=\"" + cls + "\" cx=\"" + at(x) + "\" cy=\"" + at(y) + "\" r=\"3\"><title>" +
            escapeHtml(tip) + "</title></circle>";
  }
  std::string finish() { return text + "</svg>"; }

private:
  std::string text;
};

/// About how wide a label is; only legends need to know.
double widthOf(const std::string &label) { return 6.6 * double(label.size()); }

/// Names beside colour swatches, from the left in as many lines as needed; returns the height taken.
template <typename SeriesList>
double drawLegend(Canvas &canvas, const SeriesList &series, double left, double right) {
  double x = left, y = 12;
  for (const auto &s : series) {
    if (s.name.empty())
      continue;
    double width = widthOf(s.name) + 26;
    if (x > left && x + width > right) {
      x = left;
      y += 18;
    }
    canvas.rect(x, y - 9, 10, 10, "class=\"fill " + seriesClass(s.color) + "\" rx=\"2\"", s.name);
    canvas.label(x + 15, y, s.name, "label");
    x += width;
  }
  return y + 12;
}

void drawYAxis(Canvas &canvas, const Frame &frame, const std::vector<double> &ticks, const std::string &name) {
  for (double tick : ticks) {
    canvas.line(frame.left, frame.y(tick), frame.right, frame.y(tick), tick == 0 ? "axis" : "grid");
    canvas.label(frame.left - 7, frame.y(tick) + 4, shortNumber(tick), "tick end");
  }
  canvas.label(13, (frame.top + frame.bottom) / 2, name, "label mid", /*upright=*/true);
}

/// What a bar chart's axis has to show.
std::pair<double, double> valueRange(const BarChart &chart) {
  double low = 0, high = 0;
  for (const auto &series : chart.series)
    for (size_t i = 0; i < series.values.size(); ++i) {
      double error = i < series.errors.size() ? series.errors[i] : 0;
      if (!std::isfinite(series.values[i]))
        continue;
      low = std::min(low, series.values[i] - error);
      high = std::max(high, series.values[i] + error);
    }
  return {low, high};
}

} // namespace

std::string drawBars(const BarChart &chart) {
  constexpr double width = 760, height = 320;
  Canvas canvas(width, height, chart.title);
  Frame frame{58, 0, width - 8, height - 26};
  frame.top = drawLegend(canvas, chart.series, frame.left, frame.right) + 10;
  auto [low, high] = valueRange(chart);
  std::vector<double> ticks = roundTicks(low, high, 5);
  frame.yLow = ticks.front();
  frame.yHigh = ticks.back();
  drawYAxis(canvas, frame, ticks, chart.unit);

  double group = (frame.right - frame.left) / double(std::max<size_t>(1, chart.groups.size()));
  double bar = std::min(46.0, group * 0.84 / double(std::max<size_t>(1, chart.series.size())));
  for (size_t g = 0; g < chart.groups.size(); ++g) {
    double middle = frame.left + group * (double(g) + 0.5);
    canvas.label(middle, height - 8, chart.groups[g], "label mid");
    double x = middle - bar * double(chart.series.size()) / 2;
    for (const auto &series : chart.series) {
      double value = g < series.values.size() ? series.values[g] : std::numeric_limits<double>::quiet_NaN();
      double left = x;
      x += bar;
      if (!std::isfinite(value))
        continue;
      std::string number = fixedNumber(value, chart.digits);
      double top = frame.y(std::max(value, 0.0)), bottom = frame.y(std::min(value, 0.0));
      canvas.rect(left + bar * 0.06, top, bar * 0.88, std::max(0.8, bottom - top),
                  "class=\"fill " + seriesClass(series.color) + "\"",
                  chart.groups[g] + ", " + series.name + ": " + number);
      double error = g < series.errors.size() ? series.errors[g] : 0;
      if (error > 0)
        canvas.line(left + bar / 2, frame.y(value - error), left + bar / 2, frame.y(value + error), "error");
      if (bar >= 4.6 * double(number.size())) // narrow bars would run into each other
        canvas.label(left + bar / 2, value < 0 ? bottom + 11 : frame.y(value + error) - 4, number, "value mid");
    }
  }
  return canvas.finish();
}

std::string drawLines(const LineChart &chart) {
  double width = chart.small ? 380 : 760, height = chart.small ? 230 : 300;
  Canvas canvas(width, height, chart.title);
  Frame frame{62, 0, width - 12, height - 44};
  frame.top = drawLegend(canvas, chart.series, frame.left, frame.right) + 4;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  double xLow = infinity, xHigh = -infinity, low = chart.fromZero ? 0 : infinity, high = -infinity;
  for (const auto &series : chart.series)
    for (auto [x, y] : series.points) {
      xLow = std::min(xLow, x);
      xHigh = std::max(xHigh, x);
      low = std::min(low, y);
      high = std::max(high, y);
    }
  if (!(xLow <= xHigh))
    return "";
  std::vector<double> ticks = roundTicks(low, high, chart.small ? 4 : 5);
  frame.yLow = ticks.front();
  frame.yHigh = ticks.back();
  frame.xLow = xLow;
  frame.xHigh = xHigh > xLow ? xHigh : xLow + 1;
  drawYAxis(canvas, frame, ticks, chart.yLabel);
  canvas.line(frame.left, frame.bottom, frame.right, frame.bottom, "axis");
  for (double tick : roundTicks(frame.xLow, frame.xHigh, chart.small ? 4 : 8))
    if (tick >= frame.xLow - 1e-9 && tick <= frame.xHigh * (1 + 1e-9))
      canvas.label(frame.x(tick), frame.bottom + 17, shortNumber(tick), "tick mid");
  canvas.label((frame.left + frame.right) / 2, height - 6, chart.xLabel, "label mid");
  for (const auto &series : chart.series) {
    std::vector<std::pair<double, double>> points;
    for (auto [x, y] : series.points)
      points.emplace_back(frame.x(x), frame.y(y));
    canvas.polyline(points, (series.faint ? "curve faint " : "curve ") + seriesClass(series.color));
    for (size_t i = 0; series.dots && i < points.size(); ++i)
      canvas.dot(points[i].first, points[i].second, "fill " + seriesClass(series.color),
                 shortNumber(series.points[i].first) + ": " + shortNumber(series.points[i].second));
  }
  return canvas.finish();
}

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
    canvas.label(left - 7, y + high / 2 + 4, map.rowLabel + " " + std::to_string(r), "tick end");
    for (size_t c = 0; c < map.rows[r].size(); ++c) {
      double value = map.rows[r][c], x = left + cell * double(c);
      std::string number = fixedNumber(value, 2);
      canvas.rect(x + 0.5, y + 0.5, cell - 1, high - 1, "fill=\"" + heatColor(value) + "\" rx=\"2\"",
                  map.rowLabel + " " + std::to_string(r) + ", " + std::to_string(c) + ": " + number);
      if (cell >= 28)
        canvas.label(x + cell / 2, y + high / 2 + 4, number, std::abs(value - 0.5) > 0.3 ? "cell bright" : "cell");
    }
    y += high;
  }
  constexpr int steps = 24;
  for (int i = 0; i <= steps; ++i)
    canvas.rect(left + i * 7.0, y + 16, 7.2, 9, "fill=\"" + heatColor(double(i) / steps) + "\"",
                shortNumber(double(i) / steps));
  canvas.label(left, y + 40, "0: window", "tick");
  canvas.label(left + (steps + 1) * 7.0, y + 40, "1: memory", "tick end");
  return canvas.finish();
}

} // namespace xlstm
