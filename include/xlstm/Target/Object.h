//===- Object.h - a model as an object file -------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TARGET_OBJECT_H
#define XLSTM_TARGET_OBJECT_H

#include "xlstm/Runtime/Files/Safetensors.h"

#include <optional>

namespace xlstm {

/// Blocks of `size` in a dimension of a weight, in this order (lm.take_blocks).
struct WeightBlocks {
  std::vector<int64_t> blocks;
  int64_t size, axis;
};

/// How the numbers of a weight in panels are stored: kernel.panel's kinds, in their order.
enum class PanelStorage { F32, BF16, F16, Q8, Q4, Q4M };

/// Where a weight lies in the blob behind the executable: at a multiple of 64 bytes.
struct WeightPlacement {
  TensorSpec tensor; // as the bundle has it
  DType type;        // in the blob
  uint64_t offset;
  std::optional<WeightBlocks> blocks = {};  // of the tensor, where it is not whole
  std::optional<PanelStorage> panels = {}; // where it lies in panels; `type` says nothing then
};

/// What an executable says of the machine that it needs.
struct TargetFacts {
  std::string target;                // "cpu" or "cuda"
  std::string cpu;                   // an LLVM CPU name
  std::vector<std::string> features; // of Runtime/Deploy/CpuFeatures.h, those that its model may use
  int64_t abi = 0;                   // of Runtime/Deploy/ModelAbi.h or CudaModelAbi.h
};

struct ModelObject {
  std::filesystem::path file;
  std::vector<WeightPlacement> weights; // by offset; none where the executable makes its own
  uint64_t weightBytes = 0;             // of the blob, zeros between and behind the weights included
  TargetFacts facts = {};
  std::filesystem::path wideFile = {}; // of the same model for CPUs that have more; empty where there is none
};

} // namespace xlstm

#endif // XLSTM_TARGET_OBJECT_H
