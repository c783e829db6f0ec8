//===- FileHash.cpp - 128-bit hashes of files and their parts -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/FileHash.h"

#include "runtime/Files/Descriptor.h"
#include "runtime/Files/Inside.h"
#include "runtime/Files/SystemError.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <fcntl.h>
#include <vector>

namespace xlstm {

static FileHash convert(XXH128_hash_t hash) { return {hash.low64, hash.high64}; }

FileHash hashOf(std::span<const std::byte> bytes) { return convert(XXH3_128bits(bytes.data(), bytes.size())); }

std::string hexDigits(const FileHash &hash) {
  std::string text;
  for (uint64_t half : {hash.high, hash.low})
    for (int shift = 60; shift >= 0; shift -= 4)
      text += "0123456789abcdef"[half >> shift & 15];
  return text;
}

struct Hasher::State {
  XXH3_state_t xxh;
};

Hasher::Hasher() : state(std::make_unique<State>()) { XXH3_128bits_reset(&state->xxh); }
Hasher::~Hasher() = default;
void Hasher::add(std::span<const std::byte> bytes) { XXH3_128bits_update(&state->xxh, bytes.data(), bytes.size()); }
FileHash Hasher::value() const { return convert(XXH3_128bits_digest(&state->xxh)); }

static MeasuredFile measure(int descriptor, const std::filesystem::path &path) {
  constexpr size_t piece = size_t{1} << 20;
  Descriptor file(descriptor);
  if (file.number < 0)
    failSystem(path, "open");
  ::posix_fadvise(file.number, 0, 0, POSIX_FADV_SEQUENTIAL);
  std::vector<std::byte> buffer(piece);
  Hasher hasher;
  for (uint64_t total = 0;;) {
    ssize_t count = ::read(file.number, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      failSystem(path, "read");
    if (count == 0)
      return {total, hasher.value()};
    hasher.add(std::span(buffer).first(count));
    total += count;
  }
}

MeasuredFile measureFile(const std::filesystem::path &folder, const std::filesystem::path &name) {
  return measure(openInside(folder, name), folder / name);
}

MeasuredFile measureGivenFile(const std::filesystem::path &path) {
  return measure(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK), path);
}

} // namespace xlstm
