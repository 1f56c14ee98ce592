import { useQuery } from '@tanstack/react-query';
import { answer, api } from '../../api/client.js';
import { CHANNELS } from './keys.js';

/** Every provider, and how it is set up. */
export const useChannels = () => useQuery({ queryKey: CHANNELS, queryFn: () => answer(api.GET('/api/company/channels')) });
