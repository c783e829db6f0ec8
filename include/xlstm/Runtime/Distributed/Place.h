//===- Place.h - which rank of a job a process is --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_DISTRIBUTED_PLACE_H
#define XLSTM_RUNTIME_DISTRIBUTED_PLACE_H

#include <cstdint>
#include <functional>
#include <string>

namespace xlstm {

/// A process of a job, and where all of them meet.
struct Place {
  int64_t rank = 0, size = 1;
  int64_t localRank = 0; // among those of its host: which GPU it has
  std::string address = "127.0.0.1";
  int64_t port = 0;
  /// Somebody else keeps the store, such as torchrun's agent; else rank 0 does.
  bool hasStore = false;
  /// Rank 0's socket that listens at the port already; -1: none.
  int socket = -1;

  /// What torchrun, our own launcher, srun or mpirun say in the environment, in this order; one process where nobody
  /// says anything. Throws Error, naming the variable, for what is no number or out of range, and where no address to
  /// meet at is known.
  static Place fromEnvironment();
  /// The same from any source: `get` gives a variable's value or an empty text.
  static Place from(const std::function<std::string(const std::string &name)> &get);
};

/// The first host of SLURM's notation: "node[07-12,20],login1" is "node07".
std::string firstHost(const std::string &list);

} // namespace xlstm

#endif // XLSTM_RUNTIME_DISTRIBUTED_PLACE_H
