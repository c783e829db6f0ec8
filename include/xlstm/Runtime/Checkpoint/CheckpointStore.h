//===- CheckpointStore.h - states of a training run on disk ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_CHECKPOINT_CHECKPOINTSTORE_H
#define XLSTM_RUNTIME_CHECKPOINT_CHECKPOINTSTORE_H

#include "xlstm/Runtime/Files/Json.h"

#include <ATen/core/Tensor.h>

#include <functional>
#include <map>
#include <optional>

namespace xlstm {

/// The elements [begin, end) of a tensor of this shape, as they lie in memory.
struct Slice {
  std::vector<int64_t> shape;
  int64_t begin = 0, end = 0;
};
using Slices = std::map<std::string, Slice>;

/// Tensors by name (weights, moments), or what one of several ranks keeps of them: one-dimensional, `slices` saying
/// which elements they are.
struct CheckpointState {
  std::map<std::string, at::Tensor> tensors;
  Slices slices = {};
  bool isSharded = false;
};

/// What a run needs to go on: its state and a record (what the trainer wants to remember).
struct Checkpoint {
  int64_t step = 0;
  std::map<std::string, at::Tensor> tensors;
  Json record;
  Slices slices = {};
  bool isSharded = false;
};

/// Writes one checkpoint as folder `path`: state.safetensors, or shard-NNNNN.safetensors of each rank, and
/// checkpoint.json with their hashes, which rank 0 writes last. It appears whole. All ranks call it for a sharded one,
/// rank 0 alone for others; they must see one file system.
void writeCheckpoint(const std::filesystem::path &path, const Checkpoint &checkpoint);

/// What to read of a checkpoint, however many ranks wrote it.
struct CheckpointRead {
  const Slices *only = nullptr; // these; none: all tensors in full
  bool verify = true;           // hashes of all files
};

/// Throws Error when the folder is no checkpoint or its state is not the one that was written. Tensors own their
/// memory.
Checkpoint readCheckpoint(const std::filesystem::path &path, const CheckpointRead &how = {});

/// The checkpoints of one run: folders step-NNNNNN, never more than `kept` of them (two), also while one is written;
/// one more while the first one behind an interruption is.
class CheckpointStore {
public:
  static constexpr int kept = 2;

  /// A checkpoint is due every `every` steps; one of another step, of a run that was stopped, goes with the next, so
  /// that in the end there are those of a run that was not.
  explicit CheckpointStore(std::filesystem::path folder, int64_t every = 1, int64_t most = kept)
      : folder(std::move(folder)), every(every), most(most) {}

  /// Of several ranks the first removes and all write.
  ///
  /// Removes all but the newest valid checkpoints that may stay beside this one, then writes this one: a checkpoint
  /// holds three numbers for each that is trained, so a third on the disk would be its greatest need.
  void save(const Checkpoint &checkpoint);
  /// The newest checkpoint that can be read; nothing when there is none. One that is damaged is reported on standard
  /// error and passed over.
  std::optional<Checkpoint> newest() {
    return newest([](const Checkpoint &) { return true; });
  }
  /// The newest of those that `fits`.
  std::optional<Checkpoint> newest(const std::function<bool(const Checkpoint &)> &fits, const CheckpointRead &how = {});
  /// That of a step, which another rank has found.
  Checkpoint at(int64_t step, const CheckpointRead &how);

private:
  std::filesystem::path stepFolder(int64_t step) const;
  /// Removes what must not stay beside the next one.
  void makeRoom(bool isExtra) const;
  /// Steps of which there is a folder, newest first.
  std::vector<int64_t> steps() const;

  std::filesystem::path folder;
  std::optional<int64_t> valid; // the newest step that was read or written whole
  int64_t every, most;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_CHECKPOINT_CHECKPOINTSTORE_H
