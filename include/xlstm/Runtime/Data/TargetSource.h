//===- TargetSource.h - where a teacher's top-k log-probabilities come from ===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_DATA_TARGETSOURCE_H
#define XLSTM_RUNTIME_DATA_TARGETSOURCE_H

#include "xlstm/Runtime/Data/TokenRows.h"
#include "xlstm/Runtime/Evaluate/Program.h"

namespace xlstm {

/// Targets of some rows.
struct Targets {
  at::Tensor ids_BTK;      // int32, rising
  at::Tensor logprobs_BTK; // float32
  at::Tensor tail_BT;      // float32: log of the mass outside the k, at least log 1e-30
};

/// What the teacher that function "model" of `program` is answers behind ids and doc_start [B, T]: its k likeliest
/// tokens. Where `params` live.
Targets askTeacher(const Program &program, const ParamMap &params, const at::Tensor &ids_BT, const at::Tensor &docs_BT,
                   int64_t k);

/// What stage II asks for targets: a store of what the teacher answered once, or the teacher itself.
class TargetSource {
public:
  virtual ~TargetSource() = default;
  virtual int64_t k() const = 0;
  /// Throws Error when there are no targets for one of the rows of these numbers.
  virtual void check(const TokenRows &rows, std::span<const int64_t> which) const = 0;
  /// Whether there are some for all of the rows.
  virtual bool hasAll(const TokenRows &rows) const = 0;
  /// What complete() needs of some rows. Called in another thread, ahead of the step (Train's BatchLoader).
  virtual std::vector<at::Tensor> prepare(const TokenRows &rows) const = 0;
  /// Their targets, in the step.
  virtual Targets complete(const at::Tensor &ids_BT, const at::Tensor &docs_BT,
                           const std::vector<at::Tensor> &prepared) const = 0;
  /// Says which teacher answers in the step, as part of a run's identity; empty where none does.
  virtual std::string teacher() const { return ""; }
};

/// The teacher in memory: nothing is on the disk, and every batch costs a run of it.
class OnlineTeacher : public TargetSource {
public:
  /// `params` are held in the types that the module stores them in, which they come from. `teacher` says which it is,
  /// such as a hash of its weights. Throws Error for a k that the vocabulary has not.
  OnlineTeacher(const Program &program, ParamMap params, int64_t k, std::string teacher);

  int64_t k() const override { return topK; }
  void check(const TokenRows &, std::span<const int64_t>) const override {}
  bool hasAll(const TokenRows &) const override { return true; }
  std::vector<at::Tensor> prepare(const TokenRows &) const override { return {}; }
  Targets complete(const at::Tensor &ids_BT, const at::Tensor &docs_BT,
                   const std::vector<at::Tensor> &) const override {
    return askTeacher(program, params, ids_BT, docs_BT, topK);
  }
  std::string teacher() const override { return name; }

private:
  Program program;
  ParamMap params;
  int64_t topK;
  std::string name;
};

/// Throws Error for a k that the vocabulary of function "model" has not.
void checkTopK(const Program &program, int64_t k);

} // namespace xlstm

#endif // XLSTM_RUNTIME_DATA_TARGETSOURCE_H
