//===- Rotation.cpp - rotary frequencies, read off cosines and sines ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Transforms/Raise/Rotation.h"

#include "lib/Transforms/Raise/Graph.h"

#include <cmath>

using namespace mlir;

namespace xlstm::raise {
namespace {

constexpr double float32Rounding = 1.2e-7;

/// How far the values of a table may be off: half precision is recognised by values that all have few bits.
double roundingOf(const RotationTable &table) {
  auto fits = [&](int bits) {
    auto isShort = [&](double value) {
      int exponent = 0;
      double scaled = std::ldexp(std::frexp(value, &exponent), bits);
      return scaled == std::round(scaled) || std::abs(value) < 1e-4; // float16 has fewer bits below
    };
    return llvm::all_of(table.cosines, isShort) && llvm::all_of(table.sines, isShort);
  };
  return fits(8) ? 1.0 / 256 : fits(11) ? 1.0 / 2048 : 0;
}

/// The frequency of a coarse table, from ever later positions: each says it more exactly, once the turns are counted.
double refine(const RotationTable &table, int64_t pair, double estimate) {
  constexpr double turn = 2 * M_PI;
  for (int64_t t = 1; t < table.numPositions; t = std::min(2 * t, std::max(t + 1, table.numPositions - 1))) {
    double angle = std::atan2(table.sines[t * table.numPairs + pair], table.cosines[t * table.numPairs + pair]);
    estimate = (angle + turn * std::round((static_cast<double>(t) * estimate - angle) / turn)) / static_cast<double>(t);
  }
  return estimate;
}

/// Sum over the positions of the squared distance between the table and the one that `frequency` gives, computed as
/// exporters do when they store a table: angle and values rounded to float32.
double distanceAsStored(const RotationTable &table, int64_t pair, float frequency, double factor) {
  double sum = 0;
  for (int64_t t = 0; t < table.numPositions; ++t) {
    double angle = static_cast<float>(t) * frequency; // rounded to float32
    double cosine = static_cast<float>(std::cos(angle) * factor) - table.cosines[t * table.numPairs + pair];
    double sine = static_cast<float>(std::sin(angle) * factor) - table.sines[t * table.numPairs + pair];
    sum += cosine * cosine + sine * sine;
  }
  return sum;
}

/// The float32 frequency near `estimate` that reproduces a stored table best.
float polish(const RotationTable &table, int64_t pair, double estimate, double factor) {
  auto best = static_cast<float>(estimate), candidate = best;
  for (int i = 0; i < 16; ++i)
    candidate = std::nextafter(candidate, 0.0f);
  double least = distanceAsStored(table, pair, best, factor);
  for (int i = 0; i <= 32; ++i, candidate = std::nextafter(candidate, 2.0f)) {
    double distance = distanceAsStored(table, pair, candidate, factor);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

/// The largest difference between the table and the one that exact frequencies give, for one pair. `rounding` is how
/// far an angle may be off, relative to it.
double largestError(const RotationTable &table, int64_t pair, double frequency, double factor, double rounding) {
  double error = 0;
  for (int64_t t = 0; t < table.numPositions; ++t) {
    double angle = static_cast<double>(t) * frequency;
    double slack = std::abs(angle) * rounding;
    error = std::max(error, std::abs(std::cos(angle) * factor - table.cosines[t * table.numPairs + pair]) - slack);
    error = std::max(error, std::abs(std::sin(angle) * factor - table.sines[t * table.numPairs + pair]) - slack);
  }
  return error;
}

/// An attention factor as it was written. Exporters round it to float32; that of YaRN is 0.1 ln(s) + 1 for a stretch s.
FloatAttr factorAttr(Builder &builder, double factor) {
  if (std::abs(factor - 1) < 1e-6)
    return {};
  double yarn = 0.1 * std::log(std::round(std::exp((factor - 1) * 10))) + 1;
  bool isYarn = static_cast<float>(yarn) == static_cast<float>(factor);
  return builder.getF64FloatAttr(isYarn ? yarn : shortestDecimal(factor));
}

/// How far a frequency may be off: angles of a coarse table are good to `coarse`, relative to them below 1.
double toleranceOf(double frequency, double coarse, int64_t lastPosition) {
  return coarse > 0 ? 2 * coarse * std::min(frequency, 1 / static_cast<double>(lastPosition)) : 1e-6 * frequency;
}

/// theta when the frequencies are theta^(-2i/d): the number with the fewest digits that reproduces all of them.
std::optional<double> findTheta(ArrayRef<double> frequencies, double coarse, int64_t lastPosition) {
  auto numPairs = static_cast<int64_t>(frequencies.size());
  if (numPairs < 2)
    return std::nullopt;
  // The pair that says theta most exactly: the last one, or in a coarse table one that has turned enough.
  int64_t best = numPairs - 1;
  auto exactness = [&](int64_t i) {
    return static_cast<double>(i) * std::max(1.0, frequencies[i] * static_cast<double>(lastPosition));
  };
  for (int64_t i = 1; coarse > 0 && i < numPairs; ++i)
    if (exactness(i) > exactness(best))
      best = i;
  double estimate = std::pow(frequencies[best], -static_cast<double>(numPairs) / static_cast<double>(best));
  if (!std::isfinite(estimate) || estimate <= 1)
    return std::nullopt;
  for (int digits = 1; digits <= 7; ++digits) {
    double unit = std::pow(10.0, std::floor(std::log10(estimate)) - digits + 1);
    double theta = std::round(estimate / unit) * unit;
    bool fits = true;
    for (int64_t i = 0; i < numPairs; ++i) {
      double expected = std::pow(theta, -static_cast<double>(i) / static_cast<double>(numPairs));
      fits &= std::abs(frequencies[i] - expected) < toleranceOf(expected, coarse, lastPosition);
    }
    if (fits)
      return theta;
  }
  return std::nullopt;
}

} // namespace

lm::RopeAttr readRotation(MLIRContext *context, const RotationTable &table, std::string &why) {
  if (table.numPositions < 2 || table.numPairs < 1) {
    why = "expected cosines and sines of two positions or more";
    return {};
  }
  double factor = table.cosines[0];
  if (!(factor > 0) || table.sines[0] != 0) {
    why = "expected position 0 to be rotated by nothing";
    return {};
  }
  double coarse = roundingOf(table);
  std::vector<double> frequencies(table.numPairs);
  for (int64_t i = 0; i < table.numPairs; ++i) {
    double cosine = table.cosines[table.numPairs + i], sine = table.sines[table.numPairs + i];
    double estimate = std::atan2(sine, cosine);
    // A table that was computed here has exact values; a stored one is rounded to float32.
    if (coarse > 0) {
      frequencies[i] = refine(table, i, estimate);
      if (frequencies[i] <= 0 || largestError(table, i, frequencies[i], factor, float32Rounding) > 2 * coarse) {
        why = "expected angles in proportion to the position, found others at pair " + std::to_string(i);
        return {};
      }
      continue;
    }
    bool isExact = largestError(table, i, static_cast<float>(estimate), factor, 0) < 1e-12;
    frequencies[i] = isExact ? static_cast<float>(estimate) : polish(table, i, estimate, factor);
    if (frequencies[i] <= 0 || largestError(table, i, frequencies[i], factor, float32Rounding) > 1e-5) {
      why = "expected angles in proportion to the position, found others at pair " + std::to_string(i);
      return {};
    }
  }
  Builder builder(context);
  FloatAttr attentionFactor = factorAttr(builder, factor);
  if (std::optional<double> theta = findTheta(frequencies, coarse, table.numPositions - 1))
    return lm::RopeAttr::get(context, builder.getF64FloatAttr(*theta), {}, attentionFactor);
  SmallVector<float> rounded(frequencies.begin(), frequencies.end());
  return lm::RopeAttr::get(context, {}, builder.getDenseF32ArrayAttr(rounded), attentionFactor);
}

} // namespace xlstm::raise
