//===- Combine.cpp - one tensor of a merge, piece by piece ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The formulas are those of mergekit 0.1.5 (merge_methods/, sparsify.py).

#include "runtime/Merge/Combine.h"

#include "runtime/Merge/Sparsify.h"
#include "xlstm/Runtime/Files/Floats.h"
#include "xlstm/Runtime/Files/ForgetPages.h"

#include <algorithm>
#include <cmath>

namespace xlstm {
namespace {

constexpr uint64_t pieceElements = uint64_t{1} << 16;
using Values = std::vector<double>;

double loadValue(DType type, const std::byte *from) {
  if (type != DType::F64)
    return loadFloat(type, from);
  double value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

void storeValue(DType type, double value, std::byte *to) {
  if (type == DType::F64)
    std::memcpy(to, &value, sizeof(value));
  else
    storeFloat(type, float(value), to);
}

/// What a step in a type leaves of a number; all of it where there is none.
struct Rounding {
  std::optional<DType> type;

  double operator()(double value) const {
    if (!type)
      return value;
    std::byte stored[sizeof(double)];
    storeValue(*type, value, stored);
    return loadValue(*type, stored);
  }
  /// The same of a sum over a whole tensor, which float16 may not hold.
  double ofSum(double value) const {
    double rounded = (*this)(value);
    return std::isfinite(rounded) ? rounded : value;
  }
};

class Combiner {
public:
  explicit Combiner(const TensorMerge &merge)
      : merge(merge), spec(merge.models.front()->spec), count(spec.numElements()), round{merge.type},
        out(count * sizeOf(merge.outType)) {}
  std::vector<std::byte> run();

private:
  template <typename Work>
  void forPieces(Work &&work) const {
    for (uint64_t begin = 0; begin < count; begin += pieceElements)
      work(begin, std::min(pieceElements, count - begin));
  }
  Values load(const StoredTensor &tensor, uint64_t begin, uint64_t size) const;
  Values difference(size_t model, uint64_t begin, uint64_t size) const;
  Mask maskOf(size_t model) const;
  void store(uint64_t begin, const Values &values);
  void addWeighted();
  void addTaskVectors();
  void rotate();

  const TensorMerge &merge;
  const TensorSpec &spec;
  const uint64_t count;
  const Rounding round;
  std::vector<std::byte> out;
};

Values Combiner::load(const StoredTensor &tensor, uint64_t begin, uint64_t size) const {
  Values values(size);
  size_t width = sizeOf(spec.dtype);
  for (uint64_t i = 0; i < size; ++i)
    values[i] = round(loadValue(spec.dtype, tensor.bytes.data() + (begin + i) * width));
  constexpr uint64_t together = 16; // pieces whose pages are given back at once
  uint64_t number = begin / pieceElements, end = begin + size;
  if (number % together == together - 1 || end == count) {
    uint64_t first = (number - number % together) * pieceElements;
    forgetPages(tensor.bytes.subspan(first * width, (end - first) * width));
  }
  return values;
}

void Combiner::store(uint64_t begin, const Values &values) {
  size_t width = sizeOf(merge.outType);
  for (uint64_t i = 0; i < values.size(); ++i)
    storeValue(merge.outType, round(values[i]), out.data() + (begin + i) * width);
}

void Combiner::addWeighted() {
  const TensorParameters &parameters = merge.parameters;
  double sum = 0;
  for (double weight : parameters.weights)
    sum += weight;
  double divisor = parameters.normalize ? sum : 1;
  forPieces([&](uint64_t begin, uint64_t size) {
    Values total(size);
    for (size_t m = 0; m < merge.models.size(); ++m) {
      Values values = load(*merge.models[m], begin, size);
      for (uint64_t i = 0; i < size; ++i)
        total[i] += parameters.weights[m] * values[i];
    }
    for (double &value : total)
      value /= divisor;
    store(begin, total);
  });
}

Values Combiner::difference(size_t model, uint64_t begin, uint64_t size) const {
  Values values = load(*merge.models[model], begin, size), base = load(*merge.base, begin, size);
  for (uint64_t i = 0; i < size; ++i)
    values[i] = round(values[i] - base[i]);
  return values;
}

/// What of a model's difference stays, scaled so that the sum of magnitudes is as before where that is asked for.
Mask Combiner::maskOf(size_t model) const {
  double density = merge.parameters.densities[model];
  if (density >= 1 || merge.method == MergeMethod::TaskArithmetic)
    return {};
  Mask mask;
  if (merge.method == MergeMethod::Ties && density > 0 && count > 0) {
    auto visit = [&](const std::function<void(Mask::Piece)> &look) {
      forPieces([&](uint64_t begin, uint64_t size) { look(difference(model, begin, size)); });
    };
    mask = Mask::largest(std::max<uint64_t>(1, uint64_t(density * double(count))), visit);
  } else {
    mask = Mask::random(merge.method == MergeMethod::Ties ? 0 : density, merge.keys[model]);
  }
  if (!merge.parameters.rescale)
    return mask;
  double before = 0, after = 0;
  forPieces([&, running = mask](uint64_t begin, uint64_t size) mutable {
    Values values = difference(model, begin, size);
    for (double value : values)
      before += std::abs(value);
    running.apply(values);
    for (double value : values)
      after += std::abs(value);
  });
  constexpr double least = 1e-7; // below it mergekit leaves them
  bool isWide = merge.type == DType::F16 && merge.method != MergeMethod::Ties; // there mergekit drops in float32
  Rounding sums{isWide ? DType::F32 : merge.type};
  before = sums.ofSum(before), after = sums.ofSum(after);
  return before < least || after < least ? mask : mask.scaled(sums(before / after));
}

/// Sums of the weighted differences; with a vote on their sign, of those alone that have the sign of the sum.
void Combiner::addTaskVectors() {
  const TensorParameters &parameters = merge.parameters;
  bool votes = merge.method == MergeMethod::Ties || merge.method == MergeMethod::DareTies;
  const double lambda = merge.type ? double(float(parameters.lambda)) : parameters.lambda; // torch's, beside a tensor
  std::vector<Mask> masks;
  Values weightsOf;
  for (size_t m = 0; m < merge.models.size(); ++m) {
    masks.push_back(maskOf(m));
    weightsOf.push_back(round(parameters.weights[m]));
  }
  forPieces([&](uint64_t begin, uint64_t size) {
    std::vector<Values> parts;
    Values sums(size);
    for (size_t m = 0; m < merge.models.size(); ++m) {
      parts.push_back(difference(m, begin, size));
      masks[m].apply(parts[m]);
      for (uint64_t i = 0; i < size; ++i)
        sums[i] += parts[m][i] = round(round(parts[m][i]) * weightsOf[m]);
    }
    Values result = load(*merge.base, begin, size);
    for (uint64_t i = 0; i < size; ++i) {
      double mixed = 0, weights = 0;
      for (size_t m = 0; m < parts.size(); ++m) {
        double part = parts[m][i];
        if (votes && (part == 0 || (part > 0) != (round(sums[i]) >= 0)))
          continue;
        mixed += part;
        weights += weightsOf[m];
      }
      mixed = round(mixed), weights = round(weights);
      bool divides = votes ? weights != 0 : std::abs(weights) >= 1e-8;
      if (parameters.normalize && divides)
        mixed = round(mixed / weights);
      result[i] += round(lambda * mixed); // rounded where it is stored
    }
    store(begin, result);
  });
}

/// Along the arc between base and model; along the line where they point the same or opposite ways.
void Combiner::rotate() {
  double squaresBase = 0, squaresModel = 0, product = 0;
  forPieces([&](uint64_t begin, uint64_t size) {
    Values base = load(*merge.base, begin, size), model = load(*merge.models[0], begin, size);
    for (uint64_t i = 0; i < size; ++i) {
      squaresBase += base[i] * base[i];
      squaresModel += model[i] * model[i];
      product += base[i] * model[i];
    }
  });
  auto norm = [](double squares) { return std::sqrt(squares) > 1e-8 ? std::sqrt(squares) : 1; };
  double cosine = std::clamp(product / norm(squaresBase) / norm(squaresModel), -1.0, 1.0);
  double t = merge.parameters.t, ofBase = 1 - t, ofModel = t;
  if (std::abs(cosine) <= 0.9995) {
    double angle = std::acos(cosine);
    ofBase = std::sin((1 - t) * angle) / std::sin(angle);
    ofModel = std::sin(t * angle) / std::sin(angle);
  }
  forPieces([&](uint64_t begin, uint64_t size) {
    Values base = load(*merge.base, begin, size), model = load(*merge.models[0], begin, size);
    for (uint64_t i = 0; i < size; ++i)
      base[i] = ofBase * base[i] + ofModel * model[i];
    store(begin, base);
  });
}

std::vector<std::byte> Combiner::run() {
  if (merge.method == MergeMethod::Linear)
    addWeighted();
  else if (merge.method == MergeMethod::Slerp)
    rotate();
  else
    addTaskVectors();
  return std::move(out);
}

} // namespace

std::vector<std::byte> combine(const TensorMerge &merge) { return Combiner(merge).run(); }

} // namespace xlstm
