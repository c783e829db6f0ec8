//===- Serve.h - a model for many clients ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_SERVE_SERVE_H
#define XLSTM_RUNTIME_SERVE_SERVE_H

#include "xlstm/Runtime/Deploy/Session.h"
#include "xlstm/Runtime/Files/ChatFiles.h"
#include "xlstm/Runtime/Files/FileHash.h"
#include "xlstm/Runtime/Text/Tokenizer.h"

#include <memory>

namespace CLI {
class App;
}

namespace xlstm {

struct ServeOptions {
  std::string host = "127.0.0.1", name;
  int port = 8080;
  int slots = 0;                                   // 0: as many as are usual
  int64_t cacheMegabytes = 1024, checkpoint = 256; // tokens
  std::vector<std::string> keys;
  std::string keyFile, origin, slotFolder;
  int64_t mostTokens = 4096, mostBody = 8, mostWaiting = 64, mostClients = 256; // mostBody in MiB
  int64_t timeout = 600, patience = 30, shutdown = 10;                          // seconds
  bool isQuiet = false;
};

/// The options of the verb serve.
void addServeOptions(CLI::App &verb, ServeOptions &options);

/// What is served. All of it outlives the server.
struct ServedModel {
  std::string name;
  int64_t vocab;
  int64_t cacheTokens;                  // tokens that a text may have; 0: any number
  std::vector<int32_t> ends;            // tokens that end a text
  const Tokenizer *tokenizer = nullptr; // null: the model works on token ids
  ChatFiles chat = {};                  // no text: it has no chat template
  FileHash identity;                    // of a state's model
  std::function<std::unique_ptr<Session>()> makeSession;
  int mostSlots = 1;
  int64_t piece = 64; // tokens of a prompt that are read at once
};

/// Listens until SIGINT or SIGTERM. Throws Error for options that cannot be kept, before it listens.
void serveModel(const ServeOptions &options, const ServedModel &model);

} // namespace xlstm

#endif // XLSTM_RUNTIME_SERVE_SERVE_H
