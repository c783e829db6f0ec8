//===- TruncationTest.cpp - files that end early are refused --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Teachers.h"
#include "lib/Import/HuggingFace/Weights.h"
#include "xlstm/Runtime/Text/Tokenizer.h"
#include "xlstm/Support/Error.h"

#include <functional>
#include <set>

using namespace xlstm;
namespace fs = std::filesystem;

namespace {

const fs::path teachers = XLSTM_TEST_INPUTS "/hf";

/// Cuts a file of a folder at many places; `read` must refuse every one, in one line that names a file of the folder.
class Cutter {
public:
  Cutter(const fs::path &teacher, std::string name, std::function<void(const fs::path &)> read)
      : name(std::move(name)), read(std::move(read)) {
    fs::copy(teacher, folder.path / "t");
    file = folder.path / "t" / this->name;
    this->read(folder.path / "t"); // whole, it is read
  }
  size_t size() const { return fs::file_size(file); }

  /// From the longest to the shortest, which writes nothing.
  void expectRefused(const std::set<size_t> &lengths) {
    for (auto length = lengths.rbegin(); length != lengths.rend(); ++length) {
      fs::resize_file(file, *length);
      std::string error;
      try {
        read(folder.path / "t");
      } catch (const Error &refusal) {
        error = refusal.what();
      }
      EXPECT_EQ(error.find((folder.path / "t").string()), 0u) << name << " cut at " << *length << ": '" << error << "'";
      EXPECT_EQ(error.find('\n'), std::string::npos) << error;
    }
  }

private:
  TemporaryFolder folder;
  fs::path file;
  std::string name;
  std::function<void(const fs::path &)> read;
};

/// 0, `step`, 2 * step... below `end`.
std::set<size_t> every(size_t step, size_t end) {
  std::set<size_t> lengths;
  for (size_t length = 0; length < end; length += step)
    lengths.insert(length);
  return lengths;
}

/// What import reads of a folder, before it writes anything.
void readFolder(const fs::path &folder) {
  checkWeights(readTeacherConfig(folder / "config.json"), WeightFiles::open(folder));
}

} // namespace

TEST(Truncation, aConfigurationIsWhole) {
  for (const char *teacher : {"llama-31", "olmo3-yarn-457"}) {
    Cutter cutter(teachers / teacher, "config.json", readFolder);
    cutter.expectRefused(every(1, cutter.size() - 2)); // the last bytes are '}' and the line's end
  }
}

TEST(Truncation, anIndexIsWhole) {
  Cutter cutter(teachers / "llama-31", "model.safetensors.index.json", readFolder);
  cutter.expectRefused(every(1, cutter.size() - 2));
}

TEST(Truncation, weightsAreWhole) {
  for (std::string name : {"model.safetensors", "model-00002-of-00003.safetensors"}) {
    fs::path teacher = teachers / (name == "model.safetensors" ? "smollm-tied" : "llama-31");
    Cutter cutter(teacher, name, readFolder);
    // Around the header's and every tensor's ends, all of the length's bytes, and places between.
    std::set<size_t> lengths = every(4999, cutter.size());
    lengths.merge(every(61, 4096));
    lengths.merge(every(1, 16));
    auto around = [&](size_t end) {
      for (size_t length = end - std::min<size_t>(end, 1); length <= end + 1 && length < cutter.size(); ++length)
        lengths.insert(length);
    };
    SafetensorsFile file = SafetensorsFile::open(teacher / name);
    const std::byte *begin = file.tensors().begin()->second.file->bytes().data();
    for (const auto &[tensorName, tensor] : file.tensors()) {
      around(tensor.bytes.data() - begin);
      around(tensor.bytes.data() + tensor.bytes.size() - begin);
    }
    cutter.expectRefused(lengths);
  }
}

TEST(Truncation, aTokenizerIsWhole) {
  Cutter cutter(teachers / "llama-31", "tokenizer.json",
                [](const fs::path &folder) { Tokenizer::load((folder / "tokenizer.json").string()); });
  std::set<size_t> lengths = every(97, cutter.size() - 2);
  lengths.merge(every(1, 600));
  for (size_t back = 3; back < 40; ++back)
    lengths.insert(cutter.size() - back);
  cutter.expectRefused(lengths);
}
