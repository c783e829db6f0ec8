//===- WeightCheck.cpp - weights are checked while the first text is read --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Deploy/WeightCheck.h"

#include <algorithm>
#include <cstring>
#include <sys/mman.h>
#include <system_error>

namespace xlstm {

WeightCheck::WeightCheck(std::shared_ptr<const Payload> carried, char *to) : payload(std::move(carried)), copy(to) {
  payload->check(section::Blocks);
  // One thread hashes several GB a second: more are worth their start only for much.
  const uint64_t blocksPerThread = copy ? 32 : 256, most = 4;
  uint64_t wanted = (payload->numBlocks() + blocksPerThread - 1) / blocksPerThread;
  uint64_t count = std::min({wanted, most, uint64_t{std::max(1u, std::thread::hardware_concurrency())}});
  try {
    for (uint64_t n = 0; n < count; ++n)
      threads.emplace_back([this] { work(); });
  } catch (const std::system_error &) { // no more threads to be had: the rest is done here
    work();
  }
}

void WeightCheck::work() {
  try {
    for (uint64_t block; (block = next++) < payload->numBlocks();) {
      std::span<const std::byte> bytes = payload->blockOf(block);
      if (copy) {
        char *to = copy + block * payloadBlock;
        std::memcpy(to, bytes.data(), bytes.size());
        // The file's pages are not needed any more: the process would be twice as large.
        madvise(const_cast<std::byte *>(bytes.data()), bytes.size(), MADV_DONTNEED);
        bytes = std::as_bytes(std::span(to, bytes.size()));
      }
      payload->checkBlock(block, bytes);
    }
  } catch (...) {
    next = payload->numBlocks();
    std::lock_guard<std::mutex> lock(mutex);
    failure = std::current_exception();
  }
}

void WeightCheck::join() {
  for (std::thread &thread : threads)
    thread.join();
  threads.clear();
}

WeightCheck::~WeightCheck() {
  next = payload->numBlocks();
  join();
}

void WeightCheck::wait() {
  join();
  if (failure)
    std::rethrow_exception(failure);
}

} // namespace xlstm
