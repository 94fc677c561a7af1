// The page's modules for the tests: pytest says where they are, see test_page_modules.py.

import { join } from "node:path";
import { pathToFileURL } from "node:url";

export const load = (name) => import(pathToFileURL(join(process.env.PAGE_MODULES, name)));
