//===- Canvas.h - elements of an SVG, collected ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_EVAL_CANVAS_H
#define XLSTM_RUNTIME_EVAL_CANVAS_H

#include "runtime/Eval/Text.h"

#include <string>
#include <utility>
#include <vector>

namespace xlstm {

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

} // namespace xlstm

#endif // XLSTM_RUNTIME_EVAL_CANVAS_H
