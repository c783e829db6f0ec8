set(XLSTM_PCH MLIRTest)
xlstm_add_unittest(ImportGgufTests SOURCES GgufBadTest.cpp GgufRopeTest.cpp GgufTeacher.cpp GgufTest.cpp SentencePieceTest.cpp
  LINK XlstmImportGguf)
set(XLSTM_PCH TorchTest)
xlstm_add_unittest(ImportGgufGoldenTests SOURCES GgufGoldenTest.cpp LINK XlstmImportGguf XlstmEvaluate)
