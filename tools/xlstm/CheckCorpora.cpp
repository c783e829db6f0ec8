//===- CheckCorpora.cpp - splits that have nothing in common --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is held out is small: its documents' hashes are in memory while what is trained on is read past them.

#include "Preflight.h"

#include "xlstm/Runtime/Data/TokenCorpus.h"
#include "xlstm/Support/Error.h"

#include <unordered_map>

namespace fs = std::filesystem;

namespace xlstm {
namespace {

struct HashOfHash {
  size_t operator()(const FileHash &hash) const { return size_t(hash.low); }
};

[[noreturn]] void failWithout(const CorpusFiles &files, const char *split, uint64_t all) {
  if (all > 0)
    fail(nameOf(files), ": expected at least one for ", split, ", found none of ", all, ": take another share");
  fail(nameOf(files.paths), ": holds no document");
}

class SplitCheck {
public:
  void look(const CorpusFiles &files, const char *split) {
    uint64_t documents = 0, all = 0;
    for (const fs::path &file : files.paths) {
      addFile(file, {split, files.part});
      size_t number = names.size();
      names.push_back({file.string(), split});
      uint32_t document = 0;
      forEachDocument(file, [&](const Document &found) {
        ++document;
        if (files.part.has(found)) {
          add(found, {uint32_t(number), document});
          ++documents;
        }
        return true;
      });
      all += document;
    }
    if (documents == 0)
      failWithout(files, split, all);
  }

  void finish() const {
    if (common > 0)
      fail(first, "; ", common, common == 1 ? " document is" : " documents are",
           " in two splits: take them out of one");
  }

private:
  struct Place {
    uint32_t file, document;
  };
  struct Name {
    std::string file, split;
  };
  struct Use {
    std::string split;
    DocumentPart part;
  };

  [[noreturn]] static void failForBoth(const fs::path &file, const Use &one, const Use &other) {
    auto isHeldOutWhole = [](const Use &use) { return use.part.isWhole() && use.split != "train"; };
    if (isHeldOutWhole(one) || isHeldOutWhole(other))
      fail(file.string(), ": expected a file for ", one.split, " or for ", other.split,
           ", found it given for both; 'valid: 2%' would hold out a share of what is trained on");
    fail(file.string(), ": some of its documents are for ", one.split, " and for ", other.split,
         " of another domain: give both domains the same shares");
  }

  void addFile(const fs::path &file, const Use &use) {
    std::error_code error;
    fs::path whole = fs::canonical(file, error);
    std::vector<Use> &others = uses[error ? file : whole];
    for (const Use &other : others)
      if (other.split != use.split && other.part.meets(use.part))
        failForBoth(file, other, use);
    others.push_back(use);
  }

  void add(const Document &document, Place place) {
    const std::string &split = names[place.file].split;
    FileHash hash = document.hash();
    auto found = heldOut.find(hash);
    if (found == heldOut.end()) {
      if (split != "train")
        heldOut.emplace(hash, place);
      return;
    }
    const Name &other = names[found->second.file];
    if (other.split == split)
      return;
    if (common++ == 0)
      first = document.origin + " (" + split + "): expected one that no other split has, found it as document " +
              std::to_string(found->second.document) + " of " + other.file + " (" + other.split + ")";
  }

  std::map<fs::path, std::vector<Use>> uses;
  std::vector<Name> names;
  std::unordered_map<FileHash, Place, HashOfHash> heldOut;
  uint64_t common = 0;
  std::string first;
};

/// Calls `look` with each split's corpora, those first that are held out.
void forEachSplit(const std::vector<RecipeDomain> &domains,
                  const std::function<void(const CorpusFiles &files, const char *split)> &look) {
  for (const RecipeDomain &domain : domains)
    if (domain.hasTest())
      look(domain.test, "test");
  for (const RecipeDomain &domain : domains)
    look(domain.valid, "valid");
  for (const RecipeDomain &domain : domains)
    for (const RecipeSource &source : domain.train)
      look(source.files, "train");
}

} // namespace

void checkShares(const std::vector<RecipeDomain> &domains) {
  forEachSplit(domains, [](const CorpusFiles &files, const char *split) {
    if (files.part.isWhole())
      return;
    bool isFound = false;
    forEachDocument(files, [&](const Document &) { return !(isFound = true); });
    uint64_t all = 0;
    for (size_t n = 0; n < files.paths.size() && !isFound; ++n)
      forEachDocument(files.paths[n], [&](const Document &) { return ++all > 0; });
    if (!isFound)
      failWithout(files, split, all);
  });
}

void checkCorpora(const std::vector<RecipeDomain> &domains) {
  SplitCheck check;
  forEachSplit(domains, [&](const CorpusFiles &files, const char *split) { check.look(files, split); });
  check.finish();
}

} // namespace xlstm
