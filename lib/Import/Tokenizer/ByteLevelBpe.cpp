//===- ByteLevelBpe.cpp - tokenizer.json of a byte-level BPE --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/Tokenizer/ByteLevelBpe.h"

using namespace xlstm;

static Json byteLevel(bool addPrefixSpace, bool trimOffsets, bool useRegex) {
  return {{"type", "ByteLevel"},
          {"add_prefix_space", addPrefixSpace},
          {"trim_offsets", trimOffsets},
          {"use_regex", useRegex}};
}

Json xlstm::byteLevelBpe(const gguf::PreTokenizer &splits, bool addPrefixSpace) {
  Json steps = Json::array();
  for (std::string_view regex : splits.splits)
    steps.push_back({{"type", "Split"}, {"pattern", {{"Regex", regex}}}, {"behavior", "Isolated"}, {"invert", false}});
  steps.push_back(byteLevel(addPrefixSpace, true, splits.gpt2));
  return {{"version", "1.0"},
          {"truncation", nullptr},
          {"padding", nullptr},
          {"added_tokens", Json::array()},
          {"normalizer", splits.nfc ? Json{{"type", "NFC"}} : Json(nullptr)},
          {"pre_tokenizer", {{"type", "Sequence"}, {"pretokenizers", steps}}},
          {"post_processor", byteLevel(true, false, true)},
          {"decoder", byteLevel(true, true, true)},
          {"model",
           {{"type", "BPE"},
            {"dropout", nullptr},
            {"unk_token", nullptr},
            {"continuing_subword_prefix", nullptr},
            {"end_of_word_suffix", nullptr},
            {"fuse_unk", false},
            {"byte_fallback", false},
            {"ignore_merges", splits.ignoreMerges}}}};
}
