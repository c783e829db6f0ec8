//===- Payload.h - the model behind an executable -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An executable is the linked program, padded to a page, then the weights, tokenizer.json and a little metadata, then
// this footer. All of it is mapped from /proc/self/exe: sections of the program would break past 2 GB.

#ifndef XLSTM_RUNTIME_DEPLOY_PAYLOAD_H
#define XLSTM_RUNTIME_DEPLOY_PAYLOAD_H

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace xlstm {

/// The weights begin at a multiple of this.
constexpr uint64_t payloadAlignment = 4096;
constexpr char payloadMagic[16] = "xlstm model v1\n";

/// Bytes of the file, and their checksum.
struct PayloadPart {
  uint64_t offset, bytes, checksum;
};

/// The last bytes of the file.
struct PayloadFooter {
  PayloadPart weights, tokenizer, metadata;
  uint64_t fileBytes; // of the whole executable, footer included
  uint64_t checksum;  // of this footer up to here
  char magic[sizeof payloadMagic];
};

/// FNV-1a over 64-bit words, the last one padded by zeros; pieces must be multiples of 8 bytes, the last one excepted.
class Checksum {
public:
  void add(std::span<const std::byte> bytes) {
    for (size_t i = 0; i < bytes.size(); i += sizeof(uint64_t)) {
      uint64_t word = 0;
      std::memcpy(&word, bytes.data() + i, bytes.size() - i < sizeof word ? bytes.size() - i : sizeof word);
      hash = (hash ^ word) * 0x100000001b3u;
    }
  }
  uint64_t value() const { return hash; }

private:
  uint64_t hash = 0xcbf29ce484222325u;
};

inline uint64_t footerChecksum(const PayloadFooter &footer) {
  Checksum sum;
  sum.add(std::as_bytes(std::span(&footer, 1)).first(offsetof(PayloadFooter, checksum)));
  return sum.value();
}

} // namespace xlstm

#endif // XLSTM_RUNTIME_DEPLOY_PAYLOAD_H
