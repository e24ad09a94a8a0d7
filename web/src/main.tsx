import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/editor.css";
import "./styles/pages.css";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Offline, Refused } from "./api/client";
import { App } from "./app";
import { watchErrors } from "./errors";
import { followTheme } from "./theme";
import { begin } from "./words";

begin();
followTheme();
watchErrors();

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (count, error) => !(error instanceof Refused) && count < (error instanceof Offline ? 5 : 1),
      retryDelay: (count) => Math.min(5000, 400 * 2 ** count),
    },
  },
});

createRoot(document.getElementById("root")!).render(
  <StrictMode><QueryClientProvider client={queries}><App /></QueryClientProvider></StrictMode>,
);
