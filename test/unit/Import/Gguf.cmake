xlstm_add_unittest(ImportGgufTests SOURCES GgufTeacher.cpp GgufTest.cpp LINK XlstmImportGguf)
