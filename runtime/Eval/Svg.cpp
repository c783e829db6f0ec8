//===- Svg.cpp - bars, lines and heat maps as inline SVG ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Eval/Svg.h"

#include "runtime/Eval/Canvas.h"
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
                  chart.groups[g] + ", " + series.name + ": " + number + " " + chart.unit);
      double error = g < series.errors.size() ? series.errors[g] : 0;
      if (error > 0)
        canvas.line(left + bar / 2, frame.y(value - error), left + bar / 2, frame.y(value + error), "error");
      if (bar >= 4.6 * double(number.size())) // narrow bars would run into each other
        canvas.label(left + bar / 2, value < 0 ? bottom + 11 : frame.y(value + error) - 4, number, "value mid");
    }
  }
  return canvas.finish();
}

/// The upright line of a chart and its band, as far as they lie in the frame.
static void drawMarker(Canvas &canvas, const Frame &frame, const LineChart &chart) {
  auto inside = [&](double value) { return std::clamp(value, frame.xLow, frame.xHigh); };
  if (chart.band) {
    double from = frame.x(inside(chart.band->first)), to = frame.x(inside(chart.band->second));
    canvas.rect(from, frame.top, std::max(to - from, 1.0), frame.bottom - frame.top,
                "class=\"fill band " + seriesClass(chart.markerColor) + "\"",
                shortNumber(chart.band->first) + " to " + shortNumber(chart.band->second));
  }
  if (!chart.marker || *chart.marker < frame.xLow || *chart.marker > frame.xHigh)
    return;
  double x = frame.x(*chart.marker);
  canvas.line(x, frame.top, x, frame.bottom, "marker " + seriesClass(chart.markerColor));
  bool isLeft = x < (frame.left + frame.right) / 2;
  canvas.label(x + (isLeft ? 5 : -5), frame.bottom - 8, chart.markerLabel, isLeft ? "label" : "label end");
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
  drawMarker(canvas, frame, chart);
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
    if (series.faint)
      continue;
    size_t every = series.dots ? 1 : points.size() / 60 + 1; // without dots some places tell their values all the same
    for (size_t i = 0; i < points.size(); i += every)
      canvas.dot(points[i].first, points[i].second, series.dots ? "fill " + seriesClass(series.color) : "hit",
                 (series.name.empty() ? "" : series.name + ", ") + chart.xLabel + " " +
                     shortNumber(series.points[i].first) + ": " + shortNumber(series.points[i].second) + " " +
                     chart.yLabel);
  }
  return canvas.finish();
}

} // namespace xlstm
