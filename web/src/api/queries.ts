import { useQuery } from "@tanstack/react-query";
import { learn } from "../plan/route";
import type { AppFacts } from "../plan/types";
import { get, listed, type Page, Refused, trust } from "./client";
import type { Session } from "./types";

export function useSession() {
  return useQuery({
    queryKey: ["session"],
    queryFn: async () => {
      try {
        const session = await get<Session>("/session");
        trust(session.csrf);
        return session;
      } catch (error) {
        if (error instanceof Refused && (error.status === 401 || error.status === 403)) return null;
        throw error;
      }
    },
    staleTime: 60_000,
  });
}

export function useApps() {
  return useQuery({
    queryKey: ["apps"],
    queryFn: async () => {
      const apps = listed(await get<AppFacts[]>("/apps"));
      learn(apps);
      return apps;
    },
    staleTime: Infinity,
  });
}

interface Box { number: string; name: string; messages: number; new: number }

/** The voicemail boxes that one may listen to. */
export function useBoxes(company: string) {
  return useQuery({ queryKey: ["voicemail", company], queryFn: async () => listed(await get<Page<Box>>(`/companies/${company}/voicemail`)), retry: false, refetchInterval: 20_000 });
}
