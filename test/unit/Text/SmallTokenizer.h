//===- SmallTokenizer.h - a tokenizer.json made by hand -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TEST_UNIT_TEXT_SMALLTOKENIZER_H
#define XLSTM_TEST_UNIT_TEXT_SMALLTOKENIZER_H

#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Runtime/Text/Tokenizer.h"

namespace xlstm::test {

/// Token n is byte n; 256 is "ab", 257 "abab"; 258 the special "<eos>".
inline Json smallTokenizer() {
  Json vocab = Json::object();
  int hidden = 256;
  for (int byte = 0; byte < 256; ++byte) {
    bool visible = (byte > 32 && byte < 127) || (byte > 160 && byte != 173);
    int code = visible ? byte : hidden++;
    std::string letter(1, char(code));
    if (code > 127)
      letter = {char(0xC0 | code >> 6), char(0x80 | (code & 63))};
    vocab[letter] = byte;
  }
  vocab["ab"] = 256;
  vocab["abab"] = 257;
  Json byteLevel = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}};
  Json eos = {{"id", 258}, {"content", "<eos>"}, {"special", true}, {"normalized", false}};
  return {{"added_tokens", Json::array({eos})},
          {"pre_tokenizer", byteLevel},
          {"decoder", byteLevel},
          {"model",
           {{"type", "BPE"},
            {"vocab", vocab},
            {"merges", Json::array({Json::array({"a", "b"}), Json::array({"ab", "ab"})})}}}};
}

inline Tokenizer make(const Json &spec) { return Tokenizer::parse(spec.dump(), "t.json"); }

} // namespace xlstm::test

#endif // XLSTM_TEST_UNIT_TEXT_SMALLTOKENIZER_H
