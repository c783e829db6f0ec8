//===- TargetStore.h - a teacher's top-k log-probabilities on disk --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Written once, read by stage II runs, without the teacher in memory. A row's targets are found by a hash of its
// tokens and borders, so the order of training does not matter, and rows packed in another way are refused.

#ifndef XLSTM_RUNTIME_DATA_TARGETSTORE_H
#define XLSTM_RUNTIME_DATA_TARGETSTORE_H

#include "xlstm/Runtime/Data/TargetSource.h"
#include "xlstm/Support/Progress.h"

#include <unordered_map>

namespace xlstm {

struct TargetOptions {
  int64_t k = 256; // the paper's
  /// F16 (log-probabilities off by at most 2^-11 of their value) or F32.
  DType logprobs = DType::F16;
  int64_t rowsPerShard = 64;
  int64_t batch = 8;
  bool tf32 = false; // of a GPU's float32 products (Evaluate/Device.h)
  /// Says which teacher it is, such as a hash of its weights; shards of another one are written anew.
  std::string teacher = "";
};

/// Runs function "model" of `program` over all rows and writes `folder`: shard-NNNNN.safetensors with `ids` [n,T,k]
/// (U16 where the vocabulary fits, else I32; most likely first), `logprobs` [n,T,k], `tail` F32 [n,T] (log of the mass
/// outside the k, at least log 1e-30) and `row_hash` I64 [n]; targets.json last. Each file appears whole; shards that
/// are there and fit are kept, so a stopped run goes on where it was. Progress counts rows.
void writeTargets(const Program &program, const ParamMap &params, const TokenRows &rows, const TargetOptions &options,
                  const std::filesystem::path &folder);

class TargetStore : public TargetSource {
public:
  /// Throws Error: not a store, an incomplete or damaged one.
  static TargetStore open(const std::filesystem::path &folder);

  int64_t k() const override { return topK; }
  int64_t length() const { return rowLength; }
  /// Bytes of all shards' tensors.
  uint64_t numBytes() const;
  /// Throws Error when the store lacks the targets of one of the rows, that is, for rows of another corpus or packing.
  void check(const TokenRows &rows) const override;
  /// Targets of `rows`, in their order; the same Error.
  Targets batch(const TokenRows &rows) const;
  std::vector<at::Tensor> prepare(const TokenRows &rows) const override;
  Targets complete(const at::Tensor &ids_BT, const at::Tensor &docs_BT,
                   const std::vector<at::Tensor> &prepared) const override {
    return {prepared.at(0), prepared.at(1), prepared.at(2)};
  }

private:
  struct Place {
    size_t shard;
    int64_t row;
  };
  const Place &find(uint64_t hash, int64_t row) const;

  std::filesystem::path folder;
  int64_t topK = 0, rowLength = 0;
  std::vector<SafetensorsFile> shards;
  std::unordered_map<uint64_t, Place> places;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_DATA_TARGETSTORE_H
