//===- Compressed.cpp - what a compressed file holds, piece by piece ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Files/ByteSource.h"
#include "xlstm/Support/Error.h"

using namespace xlstm;

namespace {

class CompressedBytes : public ByteSource {
public:
  CompressedBytes(const std::filesystem::path &path, std::unique_ptr<Codec> codec, const CorpusLimits &limits)
      : name(path.string()), limits(limits), file(openBytes(path)), codec(std::move(codec)),
        buffer(size_t{1} << 20, '\0') {}

  std::string_view next() override {
    window.out = reinterpret_cast<uint8_t *>(buffer.data());
    window.outLeft = buffer.size();
    while (!codec->ended && window.outLeft > 0) {
      if (window.inLeft == 0 && !window.isLast)
        read();
      if (const char *reason = codec->step(window))
        fail(name, ": ", reason);
    }
    size_t count = buffer.size() - window.outLeft;
    given += count;
    uint64_t used = taken - window.inLeft;
    if (given > limits.document && given / limits.expansion > used)
      fail(name, ": expected a file that grows at most ", limits.expansion, " times when decompressed, found ", given,
           " bytes behind the first ", used);
    return {buffer.data(), count};
  }

private:
  void read() {
    std::string_view bytes = file->next();
    window.isLast = bytes.empty();
    window.in = reinterpret_cast<const uint8_t *>(bytes.data());
    window.inLeft = bytes.size();
    taken += bytes.size();
  }

  std::string name;
  CorpusLimits limits;
  std::unique_ptr<ByteSource> file;
  std::unique_ptr<Codec> codec;
  std::string buffer;
  CodecWindow window;
  uint64_t taken = 0, given = 0; // bytes of the file, and what they became
};

} // namespace

std::unique_ptr<ByteSource> xlstm::openCompressed(const std::filesystem::path &path, std::unique_ptr<Codec> codec,
                                                  const CorpusLimits &limits) {
  return std::make_unique<CompressedBytes>(path, std::move(codec), limits);
}
