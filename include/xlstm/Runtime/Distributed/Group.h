//===- Group.h - the processes that do one job together -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Collectives are c10d's, LibTorch's own: NCCL between tensors on GPUs, Gloo between those on the host, both over its
// TCPStore. Where a job is one process, every method here does nothing and costs nothing.

#ifndef XLSTM_RUNTIME_DISTRIBUTED_GROUP_H
#define XLSTM_RUNTIME_DISTRIBUTED_GROUP_H

#include "xlstm/Runtime/Distributed/Place.h"

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace xlstm {

enum class Reduction { Sum, Max };

/// A collective that was begun. wait() makes what is done next on the caller's stream, or on the host, wait for it.
class Pending {
public:
  virtual ~Pending() = default;
  virtual void wait() = 0;
};

/// The ranks of a job. All call the same methods in the same order; tensors are contiguous and alike on every rank.
/// Methods throw Error where another rank has failed, after some time in which who knows more may end this one.
class Group {
public:
  virtual ~Group() = default;
  Group(const Group &) = delete;

  /// This process's group: one rank, until start() was called.
  static Group &world();
  /// Joins the ranks of a job. Throws Error: this build has no collectives, or another rank does not come.
  static void start(const Place &place);
  /// Waits for all ranks, then leaves: before the process ends well.
  static void finish();

  int64_t rank() const { return place.rank; }
  int64_t size() const { return place.size; }
  bool isFirst() const { return place.rank == 0; }
  bool isAlone() const { return place.size == 1; }
  /// This rank's part of `count` things in a row, [first, second): as long as the others', or longer by one.
  std::pair<int64_t, int64_t> part(int64_t count) const {
    return {count * place.rank / place.size, count * (place.rank + 1) / place.size};
  }
  /// Whether the thing of this number is this rank's, where they are dealt out in turn.
  bool isMine(int64_t number) const { return number % place.size == place.rank; }

  /// In place, over all ranks.
  virtual void allReduce(at::Tensor tensor, Reduction how = Reduction::Sum) {}
  /// `part` becomes this rank's part of the sum of all ranks' `whole`, which has size() times its elements.
  virtual std::unique_ptr<Pending> reduceScatter(at::Tensor part, at::Tensor whole);
  /// `whole` becomes all ranks' parts in order.
  virtual std::unique_ptr<Pending> allGather(at::Tensor whole, at::Tensor part);
  /// `tensor` becomes rank 0's.
  virtual void broadcast(at::Tensor tensor) {}
  virtual void barrier() {}

  /// On the host: sums over all ranks, the greatest of their numbers, and rank 0's text.
  std::vector<double> sum(std::vector<double> values);
  int64_t greatest(int64_t value);
  virtual std::string share(std::string text) { return text; }

  /// Rank 0's work in the order of its calls: what the others are to join in. Nothing is said to one rank alone.
  virtual void call(const std::string &work) {}
  /// What rank 0 calls next; empty when there is nothing more. Waits as long as it takes.
  virtual std::string nextCall() { return ""; }

  /// Tells the other ranks why this one is about to end, so that they end, too, and is missed no more. Another rank
  /// says the reason, "rank N: reason"; where it is empty, this one does.
  virtual void report(const std::string &reason) {}

protected:
  explicit Group(Place place) : place(std::move(place)) {}
  /// The last thing: after it no rank is missed.
  virtual void leave() {}
  Place place;

private:
  static std::unique_ptr<Group> &current();
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_DISTRIBUTED_GROUP_H
