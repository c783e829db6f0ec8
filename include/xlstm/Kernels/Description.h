//===- Description.h - what kernels take and require ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The table that tools/kernel_calls.py makes of dialects/Kernel/KernelCallOps.td; KernelBase.td explains the fields.

#ifndef XLSTM_KERNELS_DESCRIPTION_H
#define XLSTM_KERNELS_DESCRIPTION_H

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace xlstm {

/// A dimension of `times * size / divided` elements.
struct KernelDimension {
  std::string_view name;
  int64_t times, divided;
};

struct KernelView {
  enum class Access { In, InOut, Out };
  std::string_view name, type;
  Access access;
  bool optional;
  unsigned rowDimensions; // in front of the bar: rows may lie apart; 0: the view is dense
  std::vector<KernelDimension> dimensions;
};

struct KernelNumber {
  std::string_view name, type; // f32 or i64
};

struct KernelDescription {
  using Choices = std::vector<std::vector<std::string_view>>;

  std::string_view name;
  std::vector<KernelView> views;
  std::vector<std::string_view> sizes;
  std::vector<KernelNumber> numbers;
  std::vector<std::string_view> types;
  Choices cpu, cuda;
  std::string_view cpuSuffix;
  std::vector<std::string_view> cudaTypes, cudaMemory, cudaVariants;
  bool cudaApart; // takes states that lie apart
  std::vector<std::pair<unsigned, unsigned>> inPlace; // an output and the view whose place it may have
  std::vector<std::pair<std::string_view, int64_t>> limits, multiples;
  std::vector<std::string_view> grows; // sizes and numbers that are proportional to a call's tokens

  /// The element type of a view where the type variables have the values of `choice`.
  std::string_view elementType(const KernelView &view, const std::vector<std::string_view> &choice) const;
};

const std::vector<KernelDescription> &kernelDescriptions();
/// Null where no kernel has the name.
const KernelDescription *findKernel(std::string_view name);

} // namespace xlstm

#endif // XLSTM_KERNELS_DESCRIPTION_H
